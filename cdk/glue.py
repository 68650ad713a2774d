"""The Glue database: every table of lambda_fn/mood/tables.py over the results bucket, its partitions projected."""

from aws_cdk import Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lambda_fn.mood.tables import TABLES, Table

JSON_LINES = glue.CfnTable.SerdeInfoProperty(
    serialization_library="org.openx.data.jsonserde.JsonSerDe",
    # Names as they are: a comment's own `Author` beside its `author` would otherwise be one name twice, and an error.
    parameters={"case.insensitive": "false"},
)


def mood_database(scope: Construct, results: s3.Bucket) -> str:
    """Make the database and its tables. Returns its name, which is the stack's as Athena spells names."""
    stack = Stack.of(scope)
    name = stack.stack_name.lower().replace("-", "_")
    database = glue.CfnDatabase(
        scope,
        "Database",
        catalog_id=stack.account,
        database_input=glue.CfnDatabase.DatabaseInputProperty(
            name=name, description="Scored crypto comments, and their mood by hour, coin and subreddit"
        ),
    )
    for table_name, table in TABLES.items():
        made = glue.CfnTable(
            scope,
            f"Table{''.join(part.title() for part in table_name.split('_'))}",
            catalog_id=stack.account,
            database_name=name,
            table_input=_table(table_name, table, results),
        )
        made.add_resource_dependency(database)
    return name


def _table(name: str, table: Table, results: s3.Bucket) -> glue.CfnTable.TableInputProperty:
    place = results.s3_url_for_object(table.prefix)
    projected = {
        f"projection.{partition}.{key}": value
        for partition, settings in table.partitions.items()
        for key, value in settings.items()
    }
    return glue.CfnTable.TableInputProperty(
        name=name,
        description=table.about,
        table_type="EXTERNAL_TABLE",
        parameters={
            "classification": "json",
            "projection.enabled": "true",
            "storage.location.template": f"{place}{table.path}",
            **projected,
        },
        partition_keys=[glue.CfnTable.ColumnProperty(name=partition, type="string") for partition in table.partitions],
        storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
            location=place,
            input_format="org.apache.hadoop.mapred.TextInputFormat",
            output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            serde_info=JSON_LINES,
            columns=[glue.CfnTable.ColumnProperty(name=column, type=of) for column, of in table.columns.items()],
        ),
    )
