"""IAM Access Analyzer."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service

SERVICE = Service(
    name="accessanalyzer",
    title="AWS IAM Access Analyzer",
    in_arns="access-analyzer",
    real=(
        Claim(
            "ValidatePolicy finds what is wrong with a policy, and where, by the checks of AWS's reference.",
            "engines/test_accessanalyzer_validation.py::test_a_finding_tells_what_and_where",
        ),
        Claim(
            "Custom policy checks tell whether a policy gives an access, more than another, or something to everybody.",
            "engines/test_accessanalyzer_checks.py::test_more_than_before_fails",
        ),
        Claim(
            "An analyzer finds whom the policies of buckets, roles, keys, queues, topics, secrets and functions let in "
            "from other accounts, until that is gone or archived.",
            "engines/test_accessanalyzer_findings.py::test_whom_a_policy_lets_in",
        ),
        Claim(
            "A policy is generated from the files of a trail, read with the role that is given for it.",
            "engines/test_accessanalyzer_generation.py::test_a_policy_of_what_was_done",
        ),
    ),
    differs=(
        Claim(
            "Findings are looked for whenever somebody asks for them; AWS takes up to half an hour.",
            "engines/test_accessanalyzer_findings.py::test_a_finding_is_resolved_when_its_cause_is_gone",
        ),
        Claim(
            "Analyzers are of external access to one account.",
            "engines/test_accessanalyzer_findings.py::test_one_analyzer_of_external_access_in_a_region",
        ),
        Claim(
            "Those checks are made that the policy and AWS's reference of actions, ARNs and keys decide.",
            "engines/test_accessanalyzer_validation.py::test_each_check_finds_its_own",
        ),
        Claim(
            "CheckNoNewAccess compares statement by statement: two that together give no more may fail.",
            "engines/test_accessanalyzer_checks.py::test_more_than_before_fails",
        ),
    ),
    resources=(
        Resource(
            type="Analyzer",
            title="analyzer",
            create=("CreateAnalyzer",),
            name="analyzerName",
            list=Listing("ListAnalyzers", "analyzers.name"),
            delete=Deletion("DeleteAnalyzer", "analyzerName"),
        ),
        Resource(
            type="ArchiveRule",
            title="archive rule",
            create=("CreateArchiveRule",),
            name="analyzerName/ruleName",
            delete=Deletion("DeleteArchiveRule", "analyzerName/ruleName"),
            part_of="Analyzer",
        ),
    ),
    unsupported=(
        (".*AccessPreview.*", "The lab has no previews: put the policy on a resource and list the findings."),
        (".*ServiceLinkedAnalyzer", "Analyzers of other services are not asked for in the lab."),
        (".*", "The lab's analyzers look for external access, and its policies are validated and compared."),
    ),
)
