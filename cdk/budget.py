"""An AWS Budget on the whole account's bill, which tells the alarm topic at 50, 80 and 100 %."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.context import ContextValues

ALERTS_PERCENT = (50, 80, 100)


class MonthlyBudget(Construct):
    """The whole account: a budget of some resources would need a cost allocation tag, switched on by hand first."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, topic: sns.Topic):
        super().__init__(scope, id)
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=context.budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type="ACTUAL",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for percent in ALERTS_PERCENT
            ],
        )
        budget.node.add_dependency(topic)
