"""What a template says of a bucket is what the bucket is; what the lab cannot do fails it.

Source: CloudFormation template reference, AWS::S3::Bucket.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from tests.conftest import RunningLab
from tests.engines.test_s3_bytes import crash_and_restart


def test_configurations(lab: RunningLab) -> None:
    formation, s3, name = lab.client("cloudformation"), lab.client("s3"), f"configured-{uuid.uuid4().hex[:8]}"
    logs = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"arn:aws:s3:::{name}-logs/*",
            }
        ],
    }
    properties = {
        "BucketName": name,
        "Tags": [{"Key": "team", "Value": "data"}],
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": False},
        "LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": 7}]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "CorsConfiguration": {
            "CorsRules": [
                {
                    "Id": "web",
                    "AllowedMethods": ["GET"],
                    "AllowedOrigins": ["*"],
                    "ExposedHeaders": ["ETag"],
                    "MaxAge": 9,
                }
            ]
        },
        "WebsiteConfiguration": {
            "IndexDocument": "index.html",
            "ErrorDocument": "error.html",
            "RoutingRules": [
                {
                    "RoutingRuleCondition": {"KeyPrefixEquals": "old/"},
                    "RedirectRule": {"ReplaceKeyPrefixWith": "new/"},
                }
            ],
        },
        "LoggingConfiguration": {"DestinationBucketName": {"Ref": "Logs"}, "LogFilePrefix": "to/"},
    }
    resources = {
        "Logs": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-logs"}},
        "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Logs"}, "PolicyDocument": logs}},
        "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Policy", "Properties": properties},
    }
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    status = formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    assert status == "CREATE_COMPLETE", [each.get("ResourceStatusReason") for each in events]
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "data"}]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is False
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"] == {"Days": 7}
    owned = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    [rule] = s3.get_bucket_cors(Bucket=name)["CORSRules"]
    assert (rule["ExposeHeaders"], rule["MaxAgeSeconds"]) == (["ETag"], 9)
    website = s3.get_bucket_website(Bucket=name)
    assert (website["IndexDocument"], website["ErrorDocument"]) == ({"Suffix": "index.html"}, {"Key": "error.html"})
    assert website["RoutingRules"][0]["Redirect"]["ReplaceKeyPrefixWith"] == "new/"
    logging = s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (f"{name}-logs", "to/")
    formation.delete_stack(StackName=name)


def test_what_the_lab_cannot_give_a_bucket(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), f"configured-{uuid.uuid4().hex[:8]}"
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, "ReplicationConfiguration": {"Role": "r"}}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Bucket": bucket}}))
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    [reason] = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert reason.startswith("This lab cannot give a resource of this type its ReplicationConfiguration.")
    assert name not in [each["Name"] for each in lab.client("s3").list_buckets()["Buckets"]]
    formation.delete_stack(StackName=name)


def test_what_a_template_gives_a_bucket_is_kept(new_lab: Callable[..., RunningLab]) -> None:
    """Template reference, AWS::S3::Bucket: encryption and tags are there after a kill, as if S3 had been asked."""
    lab = new_lab()
    rule = {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
    tags = [{"Key": "team", "Value": "data"}]
    properties = {"BucketName": "kept", "BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}, "Tags": tags}
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    lab.client("cloudformation").create_stack(StackName="kept", TemplateBody=json.dumps(template))
    crash_and_restart(lab)
    s3 = lab.client("s3")
    assert s3.get_bucket_tagging(Bucket="kept")["TagSet"] == tags
    [found] = s3.get_bucket_encryption(Bucket="kept")["ServerSideEncryptionConfiguration"]["Rules"]
    assert found == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
