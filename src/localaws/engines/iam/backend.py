"""IAM: the lab's owner is a user like any other, with the keys that every client here signs with.

moto answers GetUser without a name with a user that there is not.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.iam.models import AccessKey, AWSManagedPolicy, Group, InstanceProfile, ManagedPolicy, Role, User
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from localaws.credentials import random_key_id
from localaws.engines.iam.limits import LimitedIAM
from localaws.engines.iam.mfa import shows
from localaws.engines.iam.reporting import ReportingResponse
from localaws.engines.iam.reports import Reports
from localaws.engines.iam.simulating import SimulatingResponse
from localaws.engines.iam.users import UserEngine
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

_SERVICE_PRINCIPAL = re.compile(r"[\w-]+(\.[\w-]+)*\.amazonaws\.com", re.ASCII)
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class IAMEngine(LimitedIAM):
    """Holds the lab's owner from the start."""

    lab: ClassVar[Lab]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.reports = Reports()
        owner = self.lab.owner
        if account_id != owner.account_id or region_name != "aws":
            return
        user = UserEngine(account_id, region_name, owner.principal.rpartition("/")[2])  # type: ignore[abstract]
        user.id = owner.user_id
        key = AccessKey(user.name, "AKIA", account_id)  # type: ignore[abstract]
        key.access_key_id, key.secret_access_key = owner.access_key_id, owner.secret_access_key
        user.access_keys.append(key)
        self.users[user.name] = user
        self.access_keys[key.access_key_id] = key
        self.managed_policies[ADMINISTRATOR].attach_to(user)

    def __getstate__(self) -> dict[str, Any]:
        """All but the policies of AWS that nobody has: some megabytes, and in every new backend."""
        policies = {arn: each for arn, each in self.managed_policies.items() if not _is_untouched(each)}
        without = {name: value for name, value in vars(self).items() if name != "aws_managed_policies"}
        return {**without, "managed_policies": policies}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "managed_policies": self.managed_policies | state["managed_policies"]})
        self.aws_managed_policies = [self.managed_policies[each.arn] for each in self.aws_managed_policies]

    # Unique ids say of what they are ("IAM identifiers", IAM user guide)

    def create_policy(self, *arguments: Any, **options: Any) -> ManagedPolicy:
        policy = super().create_policy(*arguments, **options)
        policy.id = random_key_id("ANPA")
        return policy

    def create_group(self, group_name: str, path: str = "/") -> Group:
        group = super().create_group(group_name, path)
        group.id = random_key_id("AGPA")
        return group

    def create_instance_profile(self, *arguments: Any, **options: Any) -> InstanceProfile:
        profile = super().create_instance_profile(*arguments, **options)
        profile.id = random_key_id("AIPA")
        return profile

    def create_service_linked_role(self, service_name: str, description: str, suffix: str) -> Role:
        """Raises InvalidInput for what is no service's name, as in ``elasticbeanstalk.amazonaws.com``."""
        if not _SERVICE_PRINCIPAL.fullmatch(service_name):
            raise AwsError("InvalidInput", f"{service_name[:128]} is not the name of an AWS service.")
        return super().create_service_linked_role(service_name, description, suffix)

    def remove_role_from_instance_profile(self, profile_name: str, role_name: str) -> None:
        """Raises NoSuchEntity for a role that the profile does not have."""
        if self.get_role(role_name) not in self.get_instance_profile(profile_name).roles:
            said = f"Role {role_name} is not in instance profile {profile_name}."
            raise AwsError("NoSuchEntity", said, 404)
        super().remove_role_from_instance_profile(profile_name, role_name)

    # Deletions: of what is in use nothing is deleted (API reference, each operation, DeleteConflict)

    def delete_policy(self, policy_arn: str) -> None:
        """Raises DeleteConflict for a policy that somebody has, as a permissions boundary too, or with versions."""
        policy = self.get_policy(policy_arn)
        holders: list[User | Group | Role] = [*self.users.values(), *self.groups.values(), *self.roles.values()]
        attached = any(policy_arn in holder.managed_policies for holder in holders)
        _expect(not attached and not self._bounds(policy_arn), "Cannot delete a policy attached to entities.")
        _expect(
            len(policy.versions) == 1,
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
        )
        super().delete_policy(policy_arn)

    def _bounds(self, policy_arn: str) -> bool:
        held: list[Role | UserEngine] = [*self.roles.values(), *self._users()]
        return any(each.permissions_boundary_arn == policy_arn for each in held)

    def _users(self) -> list[UserEngine]:
        return [user for user in self.users.values() if isinstance(user, UserEngine)]

    def bound_user(self, user_name: str, policy_arn: str | None) -> None:
        """Limit a user by the policy, or by none. Raises NoSuchEntity (API reference, PutUserPermissionsBoundary)."""
        user = self.get_user(user_name)
        if policy_arn is not None and policy_arn not in self.managed_policies:
            raise AwsError("NoSuchEntity", f"Policy {policy_arn} does not exist or is not attachable.", 404)
        assert isinstance(user, UserEngine)
        user.permissions_boundary_arn = policy_arn

    def enable_mfa_device(
        self, user_name: str, serial_number: str, authentication_code_1: str, authentication_code_2: str
    ) -> None:
        """Raises InvalidAuthenticationCode unless a virtual device shows the two codes one after the other."""
        device = self.virtual_mfa_devices.get(serial_number)
        codes = (authentication_code_1, authentication_code_2)
        if device and not shows(device.base32_string_seed, codes, self.lab.clock.now()):
            raise AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
        super().enable_mfa_device(user_name, serial_number, *codes)

    def create_login_profile(self, user_name: str, password: str) -> User:
        return _password_changed(super().create_login_profile(user_name, password))

    def update_login_profile(self, user_name: str, password: str, password_reset_required: bool) -> User:
        return _password_changed(super().update_login_profile(user_name, password, password_reset_required))

    def put_role_permissions_boundary(self, role_name: str, permissions_boundary: str) -> None:
        """Raises NoSuchEntity for a policy that is not there too (API reference)."""
        if permissions_boundary not in self.managed_policies:
            raise AwsError("NoSuchEntity", f"Policy {permissions_boundary} does not exist or is not attachable.", 404)
        super().put_role_permissions_boundary(role_name, permissions_boundary)

    def delete_group(self, group_name: str) -> None:
        group = self.get_group(group_name)
        _expect_bare(group)
        _expect(not group.users, "Cannot delete entity, must remove users from group first.")
        super().delete_group(group_name)

    def delete_user(self, user_name: str) -> None:
        user = self.get_user(user_name)
        _expect_bare(user)
        in_group = any(user in group.users for group in self.groups.values())
        _expect(not in_group, "Cannot delete entity, must remove users from group first.")
        _expect(not user.access_keys, "Cannot delete entity, must delete access keys first.")
        _expect(not user.password, "Cannot delete entity, must delete login profile first.")
        _expect(not user.mfa_devices, "Cannot delete entity, must delete MFA device first.")
        _expect(not user.signing_certificates, "Cannot delete entity, must delete signing certificates first.")
        super().delete_user(user_name)


def _password_changed(user: User) -> User:
    assert isinstance(user, UserEngine)
    user.password_last_changed = utcnow()
    return user


def _is_untouched(policy: ManagedPolicy) -> bool:
    return isinstance(policy, AWSManagedPolicy) and not policy.attachment_count


def _expect_bare(holder: User | Group) -> None:
    _expect(not holder.managed_policies, "Cannot delete entity, must detach all policies first.")
    _expect(not holder.policies, "Cannot delete entity, must delete policies first.")


def _expect(unused: bool, otherwise: str) -> None:
    if not unused:
        raise AwsError("DeleteConflict", otherwise, 409)


class TrustPolicy(IAMTrustPolicyDocumentValidator):
    """Who may take a role. Unlike others it may be of the old version, which is meant where none is named ("IAM JSON
    policy elements: Version")."""

    def _validate_version(self) -> None:
        self._validate_version_syntax()


class IamEngineResponse(SimulatingResponse, ReportingResponse):
    """Answers for the caller where the request names no user (API reference, GetUser, ListAccessKeys)."""

    def create_role(self) -> ActionResult:
        """Raises MalformedPolicyDocument for what is no trust policy, as UpdateAssumeRolePolicy does."""
        TrustPolicy(self._get_param("AssumeRolePolicyDocument")).validate()
        return super().create_role()

    def create_user(self) -> ActionResult:
        answer = super().create_user()
        if boundary := self._get_param("PermissionsBoundary"):
            try:
                self.engine.bound_user(self._get_param("UserName"), boundary)
            except AwsError:
                self.backend.delete_user(self._get_param("UserName"))
                raise
        return answer

    def put_user_permissions_boundary(self) -> ActionResult:
        self.engine.bound_user(self._get_param("UserName"), self._get_param("PermissionsBoundary"))
        return ActionResult({})

    def delete_user_permissions_boundary(self) -> ActionResult:
        self.engine.bound_user(self._get_param("UserName"), None)
        return ActionResult({})

    @property
    def engine(self) -> IAMEngine:
        return cast(IAMEngine, self.backend)

    def get_user(self) -> ActionResult:
        return ActionResult({"User": self.backend.get_user(self._get_param("UserName") or _calling_user())})

    def list_access_keys(self) -> ActionResult:
        name = self._get_param("UserName") or _calling_user()
        return ActionResult({"UserName": name, "AccessKeyMetadata": self.backend.list_access_keys(name)})


def _calling_user() -> str:
    """The name of the user whose keys signed the request; ValidationError for a role's session."""
    credential = current_call.get().credential
    kind, _, name = (credential.principal if credential else "").rpartition(":")[2].partition("/")
    if kind != "user":
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return name.rpartition("/")[2]
