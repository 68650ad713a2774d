def test_a_hundred_dollars_a_month_with_alerts_at_50_80_and_100_percent(default):
    (budget,) = default.resources("AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 100, "Unit": "USD"}
    assert budget["Budget"]["TimeUnit"] == "MONTHLY"
    alerts = [alert["Notification"]["Threshold"] for alert in budget["NotificationsWithSubscribers"]]
    assert alerts == [50, 80, 100]
    for alert in budget["NotificationsWithSubscribers"]:
        assert [subscriber["SubscriptionType"] for subscriber in alert["Subscribers"]] == ["SNS"]


def test_one_account_has_one_budget(default, deployment):
    assert default.resources("AWS::Budgets::Budget", "FargateStack") == []
    alone = deployment("spot")
    assert len(alone.resources("AWS::Budgets::Budget", "FargateStack")) == 1
