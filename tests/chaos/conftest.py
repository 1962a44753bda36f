"""One zygote and two lanes a session: the kills and the full disks are held against the same unkilled run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from dvctt.settings import Settings

from tests.chaos.homes import Lane, environment_of
from tests.zygote import Zygote


@pytest.fixture(scope="session")
def lanes(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    root = tmp_path_factory.mktemp("chaos")
    zygote = Zygote(root, environment_of(tiny_home))
    with ThreadPoolExecutor(2) as pool:
        yield list(pool.map(lambda old: Lane(root / str(old), zygote, tiny_home, candidate=old), (True, False)))
    zygote.close()
