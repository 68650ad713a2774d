"""A VPC of public subnets: no NAT gateway ($33 a month), S3 by an endpoint, the default security group closed."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from cdk.nag import accept
from cdk.spending import ZONES

VPC_CIDR = "10.0.0.0/16"


def public_vpc(scope: Construct, id: str = "Vpc") -> ec2.Vpc:
    """Its default security group lets nothing in or out (cdk.json: restrictDefaultSecurityGroup)."""
    vpc = ec2.Vpc(
        scope,
        id,
        ip_addresses=ec2.IpAddresses.cidr(VPC_CIDR),
        max_azs=ZONES,
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC)],
        gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
    )
    accept(vpc, "AwsSolutions-VPC7", "Only the load balancer may reach what is in it; flow logs are metered by the GB.")
    return vpc
