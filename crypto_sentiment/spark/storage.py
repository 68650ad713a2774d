"""The output folder, wherever Spark can write: through the file system that Spark itself uses for its path."""

from pyspark.sql import SparkSession


class Storage:
    """Small files of `root` (a path or URL): written whole or not at all, listed, looked for."""

    def __init__(self, spark: SparkSession, root: str):
        self.root = root.rstrip("/")
        self._jvm = spark.sparkContext._jvm
        self._configuration = spark.sparkContext._jsc.hadoopConfiguration()
        self._files = self._path("").getFileSystem(self._configuration)

    def exists(self, name: str) -> bool:
        return self._files.exists(self._path(name))

    def names(self, folder: str) -> list[str]:
        """Names in `folder`, sorted; none where there is no such folder."""
        if not self.exists(folder):
            return []
        return sorted(status.getPath().getName() for status in self._files.listStatus(self._path(folder)))

    def read(self, name: str) -> str:
        stream = self._files.open(self._path(name))
        try:
            return bytes(stream.readAllBytes()).decode()
        finally:
            stream.close()

    def write(self, name: str, text: str) -> None:
        """Create `name`. It appears under its name only when it is complete; one that is there already stays."""
        folder, _, last = name.rpartition("/")
        new = f"{folder}/.{last}.new"
        self.replace(new, text)
        if not self._files.rename(self._path(new), self._path(name)):
            raise OSError(f"cannot write {self.root}/{name}")

    def replace(self, name: str, text: str) -> None:
        """Write `name`, whatever is there."""
        stream = self._files.create(self._path(name), True)
        try:
            stream.write(bytearray(text.encode()))
        finally:
            stream.close()

    def _path(self, name: str):
        return self._jvm.org.apache.hadoop.fs.Path(f"{self.root}/{name}" if name else self.root)
