"""IAM Access Analyzer."""

from __future__ import annotations

from awsfacts.declaration import Claim, Service

SERVICE = Service(
    name="accessanalyzer",
    title="AWS IAM Access Analyzer",
    real=(
        Claim(
            "ValidatePolicy finds what is wrong with a policy, and where, by the checks of AWS's reference.",
            "engines/test_accessanalyzer_validation.py::test_a_finding_tells_what_and_where",
        ),
        Claim(
            "Custom policy checks tell whether a policy gives an access, more than another, or something to everybody.",
            "engines/test_accessanalyzer_checks.py::test_more_than_before_fails",
        ),
    ),
    differs=(
        Claim(
            "Those checks are made that the policy and AWS's reference of actions, ARNs and keys decide.",
            "engines/test_accessanalyzer_validation.py::test_each_check_finds_its_own",
        ),
        Claim(
            "CheckNoNewAccess compares statement by statement: two that together give no more may fail.",
            "engines/test_accessanalyzer_checks.py::test_more_than_before_fails",
        ),
    ),
    unsupported=((".*", "The lab's Access Analyzer validates and compares policies."),),
)
