"""The engine on repositories of this machine: batches, rejections, branches, refusals."""

from pathlib import Path

from tests.support.bare import Bare
from tests.writeback.site import Site, line


def test_all_of_a_window_become_one_commit(tmp_path: Path) -> None:
    files = {f"apps/{n}/values.yaml": f"tag: v1\nname: {n}\n" for n in range(5)}
    bare = Bare(tmp_path / "team.git", files)

    with Site(tmp_path, bare.file_url) as site:
        for n in range(5):
            site.submit(f"app-{n}", line(f"apps/{n}/values.yaml", "v2"))
        outcomes = site.settle()

    assert {one.commit for one in outcomes} == {bare.tip()}
    assert [one.error for one in outcomes] == [None] * 5
    assert bare.log() == ["build: automatic update of 5 applications", "first"]
    assert bare.show("apps/3/values.yaml") == b"name: 3\ntag: v2\n"
