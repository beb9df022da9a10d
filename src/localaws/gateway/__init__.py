"""What every request passes before a service sees it: guard, signature, IAM decision, record."""
