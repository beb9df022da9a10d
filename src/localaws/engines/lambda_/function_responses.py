"""Functions on the wire: configuration, versions, policies, tags, concurrency, addresses.

What the answers hold is what LocalStack's suite recorded on AWS (test_lambda_api).
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException, UnknownPolicyException
from moto.awslambda.models import FunctionUrlConfig

from localaws.engines.lambda_.function import TOTAL_CODE_SIZE, FunctionEngine
from localaws.engines.lambda_.packages import LARGEST_UNZIPPED, LARGEST_ZIP
from localaws.engines.lambda_.wire import Answer, LambdaWire, invalid, missing
from localaws.gateway.errors import AwsError

#: Executions at the same time in a region ("Lambda quotas"), of which functions may reserve all but the last.
CONCURRENT_EXECUTIONS = 1000
SMALLEST_UNRESERVED = 100
#: What lists do not tell of a function.
_NOT_LISTED = ("State", "StateReason", "StateReasonCode", "LastUpdateStatus", "RuntimeVersionConfig")


def listed(function: Any) -> dict[str, Any]:
    """The configuration of *function* as it stands in lists."""
    return {name: value for name, value in function.get_configuration().items() if name not in _NOT_LISTED}


class FunctionResponses(LambdaWire):
    """Operations whose answers differ from moto's."""

    def list_functions(self) -> Answer:
        functions = self.engine.list_functions(self._get_param("FunctionVersion"))
        return self.answer({"Functions": [listed(function) for function in functions]})

    def list_versions_by_function(self) -> Answer:
        name = self.engine.get_function(self.function_name).function_name
        return self.answer({"Versions": [listed(each) for each in self.engine.list_versions_by_function(name)]})

    @staticmethod
    def _set_configuration_qualifier(
        configuration: dict[str, Any], function_name: str, qualifier: str | None
    ) -> dict[str, Any]:
        """The configuration under the ARN by which it was asked for."""
        qualifier = function_name.partition(":")[2] or qualifier
        unqualified = ":".join(configuration["FunctionArn"].split(":")[:7])
        configuration["FunctionArn"] = f"{unqualified}:{qualifier}" if qualifier else unqualified
        return configuration

    def delete_function(self) -> Answer:
        name, _, qualifier = self.function_name.partition(":")
        qualifier = qualifier or self._get_param("Qualifier") or ""
        if qualifier == "$LATEST":
            raise invalid("$LATEST version cannot be deleted without deleting the function.")
        self.engine.get_function(name)
        with suppress(UnknownFunctionException):  # of a version: it is gone, as was asked for
            self.engine.delete_function(name, qualifier or None)
        return self.nothing()

    def publish_version(self) -> Answer:
        function = self.engine.get_function(self.function_name)
        self._check_revision(function)
        asked = self._get_param("CodeSha256")
        if asked and asked != function.code_sha_256:
            raise invalid(
                f"CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({function.code_sha_256}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        version = self.engine.publish_version(function.function_name, self._get_param("Description"))
        assert version is not None
        return self.answer(version.get_configuration(), 201)

    def update_function_code(self) -> Answer:
        self._check_revision(self.engine.get_function(self.function_name))
        return self._updating(self.engine.update_function_code(self.function_name, "$LATEST", self.json_body))

    def update_function_configuration(self) -> Answer:
        self._check_revision(self.engine.get_function(self.function_name))
        return self._updating(self.engine.update_function_configuration(self.function_name, "$LATEST", self.json_body))

    def _check_revision(self, function: Any) -> None:
        asked = self._get_param("RevisionId")
        if asked and asked != function.revision_id:
            raise AwsError(
                "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. "
                "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
                412,
            )

    def _updating(self, configuration: dict[str, Any] | None) -> Answer:
        """AWS answers before an update is done; here it is done, and the next GetFunction says so."""
        progress = {
            "LastUpdateStatus": "InProgress",
            "LastUpdateStatusReason": "The function is being created.",
            "LastUpdateStatusReasonCode": "Creating",
        }
        return self.answer({**(configuration or {}), **progress})

    # Policies

    def get_policy(self) -> str:
        try:
            return super().get_policy()
        except (UnknownFunctionException, UnknownAliasException):
            raise missing() from None

    def add_permission(self) -> Answer:
        qualifier = self.function_name.partition(":")[2] or self._get_param("Qualifier")
        if qualifier == "$LATEST":
            raise invalid("We currently do not support adding policies for $LATEST.")
        function = self.engine.get_function(self.function_name, qualifier)
        asked = self.json_body
        principal = asked.get("Principal", "")
        if not (principal == "*" or principal.isdigit() or "." in principal or principal.startswith("arn:")):
            raise invalid("The provided principal was invalid. Please check the principal and try again.")
        sid = asked.get("StatementId")
        if any(statement["Sid"] == sid for statement in function.policy.statements):
            raise AwsError(
                "ResourceConflictException",
                f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
                "existing statement.",
                409,
            )
        unqualified = ":".join(function.function_arn.split(":")[:7])
        asked["Resource"] = f"{unqualified}:{qualifier}" if qualifier else unqualified
        statement, _ = function.policy.add_statement(json.dumps(asked))
        return self.answer({"Statement": json.dumps(statement)}, 201)

    def remove_permission(self) -> Answer:
        name = self.function_name
        qualifier = name.partition(":")[2] or self._get_param("Qualifier")
        try:
            function = self.engine.get_function(name, qualifier)
        except UnknownFunctionException as error:
            raise missing(error.message.replace("Function not found", "No policy found for")) from None
        if not function.policy.statements:
            raise missing("No policy is associated with the given resource.")
        sid = unquote(self.path.rsplit("/", 1)[-1])
        try:
            function.policy.del_statement(sid, self._get_param("RevisionId") or "")
        except UnknownPolicyException:
            raise missing(f"Statement {sid} is not found in resource policy.") from None
        return self.nothing()

    # Tags

    def list_tags(self) -> str:
        self._check_tagged()
        return super().list_tags()

    def tag_resource(self) -> Answer:
        self._check_tagged()
        if not self.json_body.get("Tags"):
            raise invalid("An error occurred and the request cannot be processed.")
        super().tag_resource()
        return self.nothing()

    def untag_resource(self) -> Any:
        self._check_tagged()
        return super().untag_resource()

    def _check_tagged(self) -> None:
        arn = unquote(self.path.rsplit("/", 1)[-1])
        if ":function:" in arn and arn.count(":") > 6:
            raise invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")

    # Concurrency

    def put_function_concurrency(self) -> Answer:
        name, asked = self.function_name, int(self._get_param("ReservedConcurrentExecutions"))
        if ":" in name:
            raise invalid(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
                "operation. Please specify either a function name or an unqualified function ARN."
            )
        function = self.engine.get_function(name, "$LATEST")
        others = self._reserved() - int(function.reserved_concurrency or 0)
        if others + asked > CONCURRENT_EXECUTIONS - SMALLEST_UNRESERVED:
            raise invalid(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{SMALLEST_UNRESERVED}]."
            )
        function.reserved_concurrency = asked
        return self.answer({"ReservedConcurrentExecutions": asked})

    def get_function_concurrency(self) -> Answer:
        reserved = self.engine.get_function(self.function_name).reserved_concurrency
        return self.answer({} if reserved is None else {"ReservedConcurrentExecutions": int(reserved)})

    def get_account_settings(self) -> Answer:
        sizes = sum(function.code_size for function in self.engine.list_functions("ALL"))
        limit = {
            "TotalCodeSize": TOTAL_CODE_SIZE,
            "CodeSizeUnzipped": LARGEST_UNZIPPED,
            "CodeSizeZipped": LARGEST_ZIP,
            "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
            "UnreservedConcurrentExecutions": CONCURRENT_EXECUTIONS - self._reserved(),
        }
        usage = {"TotalCodeSize": sizes, "FunctionCount": len(list(self.engine.list_functions()))}
        return self.answer({"AccountLimit": limit, "AccountUsage": usage})

    def _reserved(self) -> int:
        return sum(int(function.reserved_concurrency or 0) for function in self.engine.list_functions())

    # Function URLs: kept, not served

    def create_function_url_config(self) -> Answer:
        function = self._with_url()
        if function.url_config:
            raise AwsError(
                "ResourceConflictException",
                f"Failed to create function url config for [functionArn = {function.function_arn}]. Error message:  "
                "FunctionUrlConfig exists for this Lambda function",
                409,
            )
        told = self._told_url(self.engine.create_function_url_config(self.function_name, self.json_body))
        return self.answer({name: value for name, value in told.items() if name != "LastModifiedTime"}, 201)

    def get_function_url_config(self) -> Answer:
        try:
            config = self.engine.get_function_url_config(self.function_name)
        except UnknownFunctionException:
            raise missing() from None
        return self.answer({"InvokeMode": "BUFFERED", **self._told_url(config)})

    def update_function_url_config(self) -> Answer:
        if not self._with_url().url_config:
            raise missing()
        return self.answer(self._told_url(self.engine.update_function_url_config(self.function_name, self.json_body)))

    def _with_url(self) -> FunctionEngine:
        try:
            function = self.engine.get_function(self.function_name)
        except UnknownFunctionException:
            raise missing("Function does not exist") from None
        assert isinstance(function, FunctionEngine)
        return function

    def _told_url(self, config: FunctionUrlConfig) -> dict[str, Any]:
        told = config.to_dict()
        if "InvokeMode" not in config.config:
            del told["InvokeMode"]
        return {name: value for name, value in told.items() if value is not None}
