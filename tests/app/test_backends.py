"""The whole path on what settings can put in place of the defaults."""

from app.bootstrap import open_services
from app.owner import checked, serving
from app.settings import Settings


def _pages(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "roses.md").write_text("# Roses\n\nPrune roses in late February.")
    (folder / "oaks.md").write_text("# Oaks\n\nOaks grow forty centimetres a year.")
    return folder


def test_the_catalog_may_live_in_postgresql(tmp_path, ingest, postgres_url):
    folder = _pages(tmp_path)
    settings = Settings(data_dir=tmp_path / "data", database_url=postgres_url)
    with serving(settings) as client:
        assert ingest(client, folder)["progress"]["added"] == 2
    with serving(settings) as client:
        assert ingest(client, folder)["progress"]["unchanged"] == 2
        body = checked(client.post("/v1/answers", json={"question": "When are roses pruned?"}))
        assert "late February" in body["answer"]
    assert not (tmp_path / "data" / "catalog.sqlite3").exists()


def test_another_embedding_model_gets_an_index_of_its_own_from_the_catalog(tmp_path, ingest):
    import shutil

    from retrieval.embed import bundled_model_path

    folder = _pages(tmp_path)
    with serving(Settings(data_dir=tmp_path / "data")) as client:
        assert ingest(client, folder)["progress"]["added"] == 2
    other = tmp_path / "other-model"
    shutil.copytree(bundled_model_path(), other)
    with serving(Settings(data_dir=tmp_path / "data", embedding_model=str(other))) as client:
        body = checked(client.post("/v1/answers", json={"question": "When are roses pruned?"}))
        assert "late February" in body["answer"]


def test_an_index_that_lacks_some_chunks_is_made_whole_at_the_start(tmp_path, ingest):
    folder = _pages(tmp_path)
    settings = Settings(data_dir=tmp_path / "data")
    with serving(settings) as client:
        ingest(client, folder)
    with open_services(settings) as services:
        services.index.delete(next(services.index.ids())[:1])
    with open_services(settings) as services:
        assert services.index.count() == services.catalog.counts()[1] == 2


def test_an_index_that_was_deleted_is_built_again(tmp_path, ingest):
    import shutil

    folder = _pages(tmp_path)
    settings = Settings(data_dir=tmp_path / "data")
    with serving(settings) as client:
        ingest(client, folder)
    shutil.rmtree(tmp_path / "data" / "index")
    with serving(settings) as client:
        body = checked(client.post("/v1/answers", json={"question": "When are roses pruned?"}))
        assert "late February" in body["answer"]
