import json

from aws_cdk.assertions import Match

from tests.cdk.conftest import VARIANTS

FARGATE = "FargateStack"


def containers(deployment) -> dict[str, dict]:
    """Container definitions by the module they run."""
    tasks = deployment.resources("AWS::ECS::TaskDefinition", FARGATE)
    return {c["EntryPoint"][-1]: {**c, "task": t} for t in tasks for c in t["ContainerDefinitions"]}


def test_both_services_run_the_lambda_functions_image(default):
    images = {json.dumps(c["Image"]) for c in containers(default).values()}
    functions = {json.dumps(f["Code"]["ImageUri"]) for f in default.resources("AWS::Lambda::Function")}
    assert images == functions
    assert len(images) == 1
    assert set(containers(default)) == {"lambda_fn", "lambda_fn.bulk.worker"}


def test_tasks_are_read_only_and_use_what_they_bought(default):
    for container in containers(default).values():
        assert container["ReadonlyRootFilesystem"] is True
        assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]
        assert {"Name": "ORT_THREADS", "Value": "1"} in container["Environment"]
        assert (container["task"]["Cpu"], container["task"]["Memory"]) == ("1024", "2048")
        assert container["task"]["RuntimePlatform"]["CpuArchitecture"] == "X86_64"


def test_api_tasks_follow_the_requests_per_target(default):
    template = default.template(FARGATE)
    template.has_resource_properties(
        "AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 1, "MaxCapacity": 7}
    )
    template.has_resource_properties(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": Match.object_like(
                {
                    "TargetValue": 1800,
                    "PredefinedMetricSpecification": Match.object_like(
                        {"PredefinedMetricType": "ALBRequestCountPerTarget"}
                    ),
                }
            ),
        },
    )


def test_workers_follow_the_queue_down_to_none(default):
    template = default.template(FARGATE)
    template.has_resource_properties(
        "AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 0, "MaxCapacity": 7}
    )
    steps = [
        step["ScalingAdjustment"]
        for policy in default.resources("AWS::ApplicationAutoScaling::ScalingPolicy", FARGATE)
        for step in policy.get("StepScalingPolicyConfiguration", {}).get("StepAdjustments", [])
    ]
    assert sorted(steps) == [0, 1, 2, 3, 4, 5, 6, 7]
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    metrics = [a["Properties"]["Metrics"] for id, a in alarms.items() if id.startswith("Worker")]
    assert len(metrics) == 2  # to grow and to shrink
    assert {m["MetricStat"]["Metric"]["MetricName"] for each in metrics for m in each if "MetricStat" in m} == {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
    }


def test_the_balancer_asks_for_health_where_the_api_answers_it(default):
    default.template(FARGATE).has_resource_properties(
        "AWS::ElasticLoadBalancingV2::TargetGroup", {"HealthCheckPath": "/health", "Port": 8080}
    )


def test_without_a_certificate_the_balancer_stays_in_the_vpc(default):
    (balancer,) = default.resources("AWS::ElasticLoadBalancingV2::LoadBalancer", FARGATE)
    assert balancer["Scheme"] == "internal"
    ingress = [
        rule
        for group in default.resources("AWS::EC2::SecurityGroup", FARGATE)
        for rule in group.get("SecurityGroupIngress", [])
    ]
    assert {rule["CidrIp"] for rule in ingress} == {"10.0.0.0/16"}


def test_tasks_take_requests_from_the_balancer_only(default):
    rules = default.resources("AWS::EC2::SecurityGroupIngress", FARGATE)
    assert [rule["FromPort"] for rule in rules] == [8080]
    assert all("SourceSecurityGroupId" in rule and "CidrIp" not in rule for rule in rules)


def test_no_nat_gateway_is_paid_for(default):
    default.template(FARGATE).resource_count_is("AWS::EC2::NatGateway", 0)


def test_with_a_certificate_it_is_public_and_encrypted(deployment):
    public = deployment("https")
    (balancer,) = public.resources("AWS::ElasticLoadBalancingV2::LoadBalancer", FARGATE)
    assert balancer["Scheme"] == "internet-facing"
    (listener,) = public.resources("AWS::ElasticLoadBalancingV2::Listener", FARGATE)
    assert (listener["Protocol"], listener["Port"]) == ("HTTPS", 443)
    assert listener["Certificates"] == [{"CertificateArn": VARIANTS["https"]["certificate_arn"]}]
    for container in containers(public).values():
        assert container["task"]["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_spot_and_plain_http_are_what_was_asked_for(deployment):
    spot = deployment("spot")
    for service in spot.resources("AWS::ECS::Service", FARGATE):
        assert [s["CapacityProvider"] for s in service["CapacityProviderStrategy"]] == ["FARGATE_SPOT"]
    assert any(level == "WARNING" and "in clear" in text for level, text in spot.messages(FARGATE))


def test_workers_alone_have_no_balancer_and_no_api_task(deployment):
    alone = deployment("worker")
    assert set(containers(alone)) == {"lambda_fn.bulk.worker"}
    alone.template(FARGATE).resource_count_is("AWS::ElasticLoadBalancingV2::LoadBalancer", 0)
    assert "ApiUrl" not in alone.stack(FARGATE).template["Outputs"]


def test_a_share_of_tasks_runs_on_spot(deployment):
    (service,) = deployment("worker").resources("AWS::ECS::Service", FARGATE)
    weights = {s["CapacityProvider"]: s["Weight"] for s in service["CapacityProviderStrategy"]}
    assert weights == {"FARGATE": 25, "FARGATE_SPOT": 75}


def test_tags_are_on_every_resource_that_takes_them(deployment):
    (cluster,) = deployment("worker").resources("AWS::ECS::Cluster", FARGATE)
    assert {"Key": "team", "Value": "data"} in cluster["Tags"]
