"""Budgets. Its listings ask for the account, which the names have in front."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Resource, Service

# "Actions defined by AWS Budgets" (service authorization reference): two actions for all but the actions of budgets.
_THINGS = ("Budget", "Notification", "Subscriber")
_VIEWS = (
    "Budget",
    "BudgetNotificationsForAccount",
    "BudgetPerformanceHistory",
    "Budgets",
    "NotificationsForBudget",
    "SubscribersForNotification",
)

SERVICE = Service(
    name="budgets",
    title="AWS Budgets",
    resources=(
        Resource(
            type="budget",
            title="budget",
            create=("CreateBudget",),
            name="AccountId/BudgetName",
            delete=Deletion("DeleteBudget", "AccountId/BudgetName"),
            uses=("sns:topic",),
        ),
        Resource(
            type="notification",
            title="notification of a budget",
            create=("CreateNotification",),
            name="AccountId/BudgetName",
            part_of="budget",
        ),
    ),
    unsupported=((".*", "The lab keeps budgets and their notifications; nothing compares them with a bill yet."),),
    actions={
        **{f"{verb}{thing}": ("budgets:ModifyBudget",) for verb in ("Create", "Delete", "Update") for thing in _THINGS},
        **{f"Describe{what}": ("budgets:ViewBudget",) for what in _VIEWS},
    },
)
