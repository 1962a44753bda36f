"""Measurements that a person starts; nothing here is imported by the product or run by its tests."""
