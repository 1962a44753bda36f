"""Publications: how one is made and switched to, which stand there, how long they are kept, how one is built again.

The one home of what has been published and what waits for a person. No figure is computed here.
"""
