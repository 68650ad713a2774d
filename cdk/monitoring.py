"""Alarms to one SNS topic, and a dashboard: traffic, latency, what costs money, and the mood of the stream."""

from collections.abc import Sequence

from aws_cdk import Annotations, Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk.bulk_data import BulkData, metrics_namespace
from cdk.context import ContextValues
from cdk.nag import accept
from cdk.resource import resource
from lambda_fn.contract import Metric

FIVE_MINUTES = Duration.minutes(5)

GREATER = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD


class Monitoring(Construct):
    """topic: where alarms (and the budget) go. Each `watch_…` adds the alarms and the widgets of one part."""

    def __init__(self, scope: Construct, id: str, context: ContextValues):
        super().__init__(scope, id)
        self.topic = self._topic(context)
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.days(1))

    def alarm(self, id: str, metric: cloudwatch.IMetric, threshold: float, description: str, periods: int = 1) -> None:
        """Ring when `metric` is above `threshold` for `periods` periods; no data is no alarm."""
        alarm = cloudwatch.Alarm(
            self,
            id,
            metric=metric,
            threshold=threshold,
            comparison_operator=GREATER,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))

    def graphs(self, *graphs: tuple[str, Sequence[cloudwatch.IMetric]]) -> None:
        """One row of the dashboard."""
        width = 24 // len(graphs)
        self.dashboard.add_widgets(
            *(cloudwatch.GraphWidget(title=title, left=list(metrics), width=width) for title, metrics in graphs)
        )

    def watch_queue(self, data: BulkData, context: ContextValues) -> None:
        waiting = data.queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, label="waiting")
        age = data.queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, label="oldest, s")
        dead = data.dlq.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, label="in the DLQ")
        self.alarm("DeadLetters", dead, 0, "Messages that could not be scored wait in the dead-letter queue.")
        self.alarm("OldestMessage", age, context.bulk_age_s, "Bulk scoring is falling behind its queue.")
        self.alarm(
            "NothingScored",
            cloudwatch.MathExpression(
                expression="IF(waiting > 0 AND FILL(deleted, 0) < 1, 1, 0)",
                using_metrics={
                    "waiting": data.queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES),
                    "deleted": data.queue.metric_number_of_messages_deleted(period=FIVE_MINUTES),
                },
                period=FIVE_MINUTES,
                label="messages wait and none is scored",
            ),
            0,
            "Messages wait in the bulk queue, and for a quarter of an hour none was scored.",
            periods=3,
        )
        sent = data.queue.metric_number_of_messages_sent(period=FIVE_MINUTES, label="sent")
        deleted = data.queue.metric_number_of_messages_deleted(period=FIVE_MINUTES, label="scored")
        self.graphs(("Bulk messages", [sent, deleted]), ("Bulk queue", [waiting, dead]), ("Bulk delay", [age]))

    def watch_functions(self, functions: dict[str, lambda_.Function]) -> None:
        """functions: by the name that alarms and graphs give them."""
        errors, throttles, durations, cost = [], [], [], []
        for name, function in functions.items():
            errors.append(function.metric_errors(period=FIVE_MINUTES, label=f"{name} errors"))
            throttles.append(function.metric_throttles(period=FIVE_MINUTES, label=f"{name} throttles"))
            self.alarm(f"{name}Errors", errors[-1], 0, f"The {name} function failed or timed out.")
            self.alarm(f"{name}Throttles", throttles[-1], 0, f"The {name} function is at its concurrency.", periods=3)
            durations.append(function.metric_duration(period=FIVE_MINUTES, statistic="p99", label=f"{name} p99, ms"))
            cost.append(gigabyte_seconds(name, function))
        self.graphs(
            ("Function errors and throttles", [*errors, *throttles]),
            ("Function duration", durations),
            ("Cost: GB-seconds (billed, without init)", cost),
        )

    def watch_gateway(
        self,
        *,
        requests: cloudwatch.IMetric,
        refused: cloudwatch.IMetric,
        failed: cloudwatch.IMetric,
        p50: cloudwatch.IMetric,
        p99: cloudwatch.IMetric,
        context: ContextValues,
    ) -> None:
        """What stands before the function, by its own metrics; latencies in ms."""
        self.alarm("ApiFaults", failed, 0, "The API answered 5xx.")
        self.alarm("ApiLatency", p99, context.api_p99_ms, "The API's 99th percentile is slow.", periods=3)
        self.graphs(("HTTP requests", [requests, refused, failed]), ("HTTP latency", [p50, p99]))

    def watch_balancer(
        self, balancer: elb.ApplicationLoadBalancer, tasks: elb.ApplicationTargetGroup | None, context: ContextValues
    ) -> None:
        """tasks: whose number is drawn; None where a function answers."""
        requests = balancer.metrics.request_count(period=FIVE_MINUTES, label="requests")
        failed = balancer.metrics.http_code_target(
            elb.HttpCodeTarget.TARGET_5XX_COUNT, period=FIVE_MINUTES, label="5xx of the API"
        )
        refused = balancer.metrics.http_code_elb(
            elb.HttpCodeElb.ELB_5XX_COUNT, period=FIVE_MINUTES, label="5xx of the balancer"
        )
        p99 = balancer.metrics.target_response_time(period=FIVE_MINUTES, statistic="p99", label="p99, s")
        self.alarm("ApiFaults", failed, 0, "The API answered 5xx.")
        self.alarm("ApiRefusals", refused, 0, "The load balancer got no answer to pass on.")
        self.alarm("ApiLatency", p99, context.api_p99_ms / 1000, "The API's 99th percentile is slow.", periods=3)
        graphs: list[tuple[str, list[cloudwatch.IMetric]]] = [
            ("HTTP requests", [requests, failed, refused]),
            ("HTTP latency", [p99]),
        ]
        if tasks:
            healthy = tasks.metrics.healthy_host_count(period=FIVE_MINUTES, label="healthy tasks")
            graphs.append(("Cost: API tasks", [healthy]))
        self.graphs(*graphs)

    def watch_services(self, services: dict[str, ecs.FargateService]) -> None:
        """services: by the name that graphs give them."""
        cpu = [s.metric_cpu_utilization(period=FIVE_MINUTES, label=name) for name, s in services.items()]
        memory = [s.metric_memory_utilization(period=FIVE_MINUTES, label=name) for name, s in services.items()]
        self.graphs(("CPU, %", cpu), ("Memory, %", memory))

    def watch_scores(self) -> None:
        """What bulk scoring says itself: how many comments and tokens it scored, and their likeliest moods."""

        def total(name: str) -> cloudwatch.Metric:
            return cloudwatch.Metric(
                namespace=metrics_namespace(self),
                metric_name=name,
                dimensions_map={Metric.DIMENSION: Metric.SERVICE},
                statistic="Sum",
                period=FIVE_MINUTES,
                label=name,
            )

        comments, errors, tokens = total(Metric.COMMENTS), total(Metric.COMMENT_ERRORS), total(Metric.TOKENS)
        counts = {"comments": comments, "errors": errors}
        counts |= {"negative": total(Metric.NEGATIVE), "positive": total(Metric.POSITIVE)}
        scored = "(comments - errors)"
        moods = {"negative": "negative", "neutral": f"({scored} - negative - positive)", "positive": "positive"}
        shares = [
            cloudwatch.MathExpression(
                expression=f"100 * {count} / {scored}",
                using_metrics={name: metric for name, metric in counts.items() if name in f"{count} {scored}"},
                period=FIVE_MINUTES,
                label=f"{mood}, %",
            )
            for mood, count in moods.items()
        ]
        self.graphs(
            ("Comments scored in bulk", [comments, errors]),
            ("Likeliest moods", shares),
            ("Cost: tokens", [tokens]),
        )

    def _topic(self, context: ContextValues) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", enforce_ssl=True)
        ours = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        for service in ("cloudwatch", "budgets"):
            topic.grant_publish(iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=ours))
        if not context.alarm_email:
            Annotations.of(self).add_warning_v2(
                "nobody-told",
                "alarm_email is empty: nobody is told of alarms or of the budget. Give -c alarm_email=you@example.org, "
                "or subscribe to the topic",
            )
        else:
            topic.add_subscription(subscriptions.EmailSubscription(context.alarm_email))
        accept(
            topic,
            "AwsSolutions-SNS2",
            "Alarms tell no more than a metric's value, and a key that CloudWatch may use costs $1 a month.",
        )
        return topic


def gigabyte_seconds(name: str, function: lambda_.Function) -> cloudwatch.MathExpression:
    """What Lambda bills of `function`, from the sum of its durations; its memory is fixed at deployment."""
    memory_mb = resource(function, lambda_.CfnFunction).memory_size
    return cloudwatch.MathExpression(
        expression=f"{name.lower()}_ms / 1000 * {memory_mb} / 1024",
        using_metrics={f"{name.lower()}_ms": function.metric_duration(period=FIVE_MINUTES, statistic="Sum")},
        period=FIVE_MINUTES,
        label=name,
    )
