"""Airflow's command line for a DAG run that lives in one process (``dags test``): its API offers its newest version alone.

Such a run asks an API inside its own process, so that who asks and who answers are of one version. Airflow would write out the
routes of all versions before it as well, which took half of a night that finds nothing new (docs/decisions/0039-start-up.md).
A question in another version is refused, loudly. A deployment, whose tasks ask a server, does not come through here.
"""

import runpy

_OF_OLDER_VERSIONS = "_CADWYN_DELETED_ROUTE"
"""How the library that keeps Airflow's versions marks a route that only older ones have; it refuses one that none has."""


def offer_newest_version_alone() -> None:
    """From now on this process's API of tasks has one version."""
    from airflow.api_fastapi.execution_api import versions
    from airflow.api_fastapi.execution_api.routes import execution_api_router

    offered = versions.bundle
    newest = offered.versions[0]
    versions.bundle = type(offered)(offered.head_version, type(newest)(newest.value))
    execution_api_router.routes = [
        route for route in execution_api_router.routes if _OF_OLDER_VERSIONS not in getattr(route, "tags", ())
    ]


if __name__ == "__main__":
    offer_newest_version_alone()
    runpy.run_module("airflow", run_name="__main__", alter_sys=True)
