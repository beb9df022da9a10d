"""KMS: a key does what its usage, its spec and its state allow, and answers say which algorithm was used."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from typing import Any, ClassVar

from moto.kms.models import Key, KmsBackend
from moto.kms.responses import KmsResponse
from moto.kms.utils import RESERVED_ALIASE_TARGET_KEY_IDS, RESERVED_ALIASES

from localaws.engines.kms.crypto import SYMMETRIC, USES, new_pair, oaep_decrypt, oaep_encrypt, sign, verify
from localaws.engines.kms.deletion import await_deletion
from localaws.engines.kms.lockout import check_lockout
from localaws.engines.kms.material import await_rotation, id_of, key_id_of, opened, plan_rotation, rotate, sealed
from localaws.engines.policies import PolicyFaultError, check_policy
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

_ALIAS = (
    'Alias must start with the prefix "alias/". '
    "Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
)
_ELSEWHERE = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
    "allowed to access."
)
_MOST_ON_DEMAND = 25
_MOST_OF_POLICY = 32 * 1024
_ONE_AT_A_TIME = threading.Lock()
_INCORRECT = "The key ID in the request does not identify a CMK that can perform this operation."
_MEMBERS = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "SIGN_VERIFY": "SigningAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms",
}


class KeyEngine(Key):
    """A key that tells the algorithms of its usage alone, is asked before it works, and keeps its older material."""

    older: tuple[bytes, ...] = ()
    rotation_days = 365
    #: Seconds since the epoch; None while the key is not rotated by itself.
    next_rotation: float | None = None

    @property
    def algorithms(self) -> dict[str, list[str]]:
        """The algorithms under the name that the API has for them."""
        return {_MEMBERS[self.key_usage]: USES[self.key_spec][self.key_usage]}

    def to_dict(self) -> dict[str, Any]:
        told = super().to_dict()
        others = {name: value for name, value in told["KeyMetadata"].items() if name not in _MEMBERS.values()}
        if self.key_spec == SYMMETRIC:
            others["CurrentKeyMaterialId"] = id_of(self.key_material)
        return told | {"KeyMetadata": others | self.algorithms}

    def check(self, usage: str, operation: str, algorithm: str | None) -> None:
        """Raises unless the key may do *operation* now (developer guide, "Key states of AWS KMS keys").

        DisabledException, KMSInvalidStateException; InvalidKeyUsageException for another usage or an *algorithm* that
        the key does not have.
        """
        if self.key_state == "Disabled":
            raise AwsError("DisabledException", f"{self.arn} is disabled.")
        if self.key_state != "Enabled":
            state = {"PendingDeletion": "pending deletion", "PendingImport": "pending import"}
            raise AwsError("KMSInvalidStateException", f"{self.arn} is {state.get(self.key_state, self.key_state)}.")
        if self.key_usage != usage:
            said = f"{self.arn} key usage is {self.key_usage} which is not valid for {operation}."
            raise AwsError("InvalidKeyUsageException", said)
        if algorithm and algorithm not in USES[self.key_spec][usage]:
            said = f"Algorithm {algorithm} is incompatible with key spec {self.key_spec}."
            raise AwsError("InvalidKeyUsageException", said)


class KmsEngine(KmsBackend):
    """Asks a key before it is used, and gives RSA keys their own ciphertexts."""

    lab: ClassVar[Lab]
    keys: dict[str, KeyEngine]  # type: ignore[assignment]

    def create_key(self, policy: Any, key_usage: str, key_spec: str, *args: Any, **kwargs: Any) -> Key:
        """Raises ValidationException for a usage that the spec does not have (API reference, CreateKey, KeyUsage)."""
        spec = key_spec or SYMMETRIC
        if policy:
            self.check_policy(policy)
        if spec not in USES or (key_usage == "KEY_AGREEMENT" and spec.startswith("ECC_")):
            said = f"This lab does not do KMS keys of {spec} for {key_usage or 'any use'}."
            raise AwsError("NotImplemented", said, 501)
        if not key_usage and spec != SYMMETRIC:
            said = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
            raise AwsError("ValidationException", said)
        usage = key_usage or "ENCRYPT_DECRYPT"
        if usage not in USES[spec]:
            raise AwsError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
        key = super().create_key(policy, usage, spec, *args, **kwargs)
        key.multi_region = bool(key.multi_region)  # told of every key (API reference, KeyMetadata)
        return key

    def _generate_default_keys(self, alias_name: str) -> str | None:
        """An AWS managed key is made when a service first needs it (developer guide, "AWS managed keys").

        Its id is the one that ListAliases has told of it before.
        """
        if alias_name not in RESERVED_ALIASES:
            return None
        key_id = RESERVED_ALIASE_TARGET_KEY_IDS[alias_name]
        with _ONE_AT_A_TIME:
            if key_id not in self.keys:  # else two calls need it first
                key = self.keys.pop(self.create_key(None, "ENCRYPT_DECRYPT", SYMMETRIC, "Default key", None).id)
                key.arn, key.id, key.key_manager = key.arn.replace(key.id, key_id), key_id, "AWS"
                self.keys[key_id] = key
                self.create_alias(key_id, alias_name)
                self.enable_key_rotation(key_id)
                self.lab.state.changed("kms")
        return key_id

    def put_key_policy(self, key_id: str, policy: str) -> None:
        self.check_policy(policy)
        super().put_key_policy(key_id, policy)

    def check_policy(self, policy: str) -> None:
        """Raises MalformedPolicyDocumentException (API reference, PutKeyPolicy)."""
        if len(policy.encode()) > _MOST_OF_POLICY:
            said = f"The key policy is larger than {_MOST_OF_POLICY} bytes."  # "Resource quotas", its 32 KB
            raise AwsError("LimitExceededException", said)
        try:
            check_policy(self.lab, policy, "kms")
        except PolicyFaultError as fault:
            said = f"Policy contains a statement with one or more invalid {fault.element.lower()}s."
            if fault.element in ("JSON", "syntax"):
                said = "Policy document is malformed."
            raise AwsError("MalformedPolicyDocumentException", said) from None

    def key(self, key_id: str) -> KeyEngine:
        """The key of an id, ARN or alias that there is."""
        return self.keys[self.any_id_to_key_id(key_id)]

    # moto looks these keys up by the id alone, where AWS takes their ARN as well

    def enable_key(self, key_id: str) -> None:
        super().enable_key(self.get_key_id(key_id))

    def disable_key(self, key_id: str) -> None:
        super().disable_key(self.get_key_id(key_id))

    def schedule_key_deletion(self, key_id: str, pending_window_in_days: int) -> float:
        """Raises KMSInvalidStateException for a key that is to be deleted already (API reference)."""
        key = self.key(key_id)
        if key.key_state == "PendingDeletion":
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        scheduled = super().schedule_key_deletion(self.get_key_id(key_id), pending_window_in_days)
        await_deletion(self.lab, self, key.id)
        _use_key(0)
        return scheduled

    def cancel_key_deletion(self, key_id: str) -> None:
        super().cancel_key_deletion(self.get_key_id(key_id))
        _use_key(1)

    def replicate_key(self, key_id: str, replica_region: str) -> Key:
        return super().replicate_key(self.get_key_id(key_id), replica_region)

    def encrypt(
        self, key_id: str, plaintext: bytes, encryption_context: dict[str, str], algorithm: str = SYMMETRIC
    ) -> tuple[bytes, str]:
        """The ciphertext and the key's ARN."""
        key = self.key(key_id)
        key.check("ENCRYPT_DECRYPT", "Encrypt", algorithm)
        if algorithm == SYMMETRIC:
            self.lab.state.settle("kms")  # material that is not kept yet must not have encrypted anything
            return sealed(key, plaintext, encryption_context), key.arn
        _no_context(encryption_context)
        return oaep_encrypt(_material(key), algorithm, plaintext), key.arn

    def decrypt(
        self,
        ciphertext_blob: bytes,
        encryption_context: dict[str, str],
        key_id: str | None = None,
        algorithm: str = SYMMETRIC,
    ) -> tuple[bytes, str]:
        """The plaintext and the key's ARN.

        Raises ValidationException for an asymmetric ciphertext without its key, which it does not name.
        """
        if algorithm == SYMMETRIC:
            plaintext, key, _ = self.decrypt_symmetric(ciphertext_blob, encryption_context, key_id)
            return plaintext, key.arn
        if key_id is None:
            raise AwsError("ValidationException", f"KeyId is required to decrypt with {algorithm}.")
        key = self._decrypting(key_id)
        key.check("ENCRYPT_DECRYPT", "Decrypt", algorithm)
        _no_context(encryption_context)
        return oaep_decrypt(_material(key), algorithm, ciphertext_blob), key.arn

    def decrypt_symmetric(
        self, blob: bytes, context: dict[str, str], key_id: str | None = None
    ) -> tuple[bytes, KeyEngine, str]:
        """The plaintext, the key, and the id of its material. Raises IncorrectKeyException for another key's *blob*."""
        if key_id is not None:
            self._decrypting(key_id).check("ENCRYPT_DECRYPT", "Decrypt", SYMMETRIC)
        key = self.keys.get(key_id_of(blob))
        if key is None:
            raise AwsError("AccessDeniedException", _ELSEWHERE)
        plaintext, material_id = opened(key, blob, context)
        if key_id is not None and key is not self.key(key_id):
            raise AwsError("IncorrectKeyException", _INCORRECT)
        key.check("ENCRYPT_DECRYPT", "Decrypt", SYMMETRIC)
        return plaintext, key, material_id

    def _decrypting(self, key_id: str) -> KeyEngine:
        """Raises IncorrectKeyException for a key that encrypts nothing."""
        key = self.key(key_id)
        if key.key_usage != "ENCRYPT_DECRYPT":
            raise AwsError("IncorrectKeyException", _INCORRECT)
        return key

    def rotate_key_on_demand(self, key_id: str) -> str:
        """Raises LimitExceededException for the 26th time (API reference, RotateKeyOnDemand)."""
        key = self._rotating(key_id, "RotateKeyOnDemand")
        if sum(rotation["RotationType"] == "ON_DEMAND" for rotation in key.rotations) >= _MOST_ON_DEMAND:
            raise AwsError("LimitExceededException", f"{key.arn} was rotated on demand {_MOST_ON_DEMAND} times.")
        rotate(self.lab, key, "ON_DEMAND")
        return key.id

    def enable_key_rotation(self, key_id: str, days: int = 365) -> None:
        key = self._rotating(key_id, "EnableKeyRotation")
        plan_rotation(self.lab, key, days)
        super().enable_key_rotation(key_id)
        await_rotation(self.lab, self, key.id)

    def disable_key_rotation(self, key_id: str) -> None:
        self._rotating(key_id, "DisableKeyRotation").next_rotation = None
        super().disable_key_rotation(key_id)

    def _rotating(self, key_id: str, operation: str) -> KeyEngine:
        """Raises UnsupportedOperationException for all but symmetric keys that encrypt."""
        key = self.key(key_id)
        if key.key_spec != SYMMETRIC:
            said = f"{key.arn} key spec is {key.key_spec} which is not valid for {operation}."
            raise AwsError("UnsupportedOperationException", said)
        key.check("ENCRYPT_DECRYPT", operation, SYMMETRIC)
        return key

    def generate_data_key(self, key_id: str, *args: Any, **kwargs: Any) -> tuple[bytes, bytes, str]:
        self.check_wraps(key_id, "GenerateDataKey")
        return super().generate_data_key(key_id, *args, **kwargs)

    def check_wraps(self, key_id: str, operation: str) -> None:
        """Raises InvalidKeyUsageException for all but symmetric keys, which alone encrypt data keys."""
        self.key(key_id).check("ENCRYPT_DECRYPT", operation, SYMMETRIC)


def _use_key(number: int) -> None:
    """A key costs by the hour from now on, or nothing while it waits for its deletion (KMS pricing)."""
    call = current_call.get(None)
    if call is not None:
        call.units["kms:keys"] = number


class KmsEngineResponse(KmsResponse):
    """The operations that use a key's material, and what moto leaves out of its answers."""

    @property
    def kms_backend(self) -> KmsEngine:
        backend = super().kms_backend
        assert isinstance(backend, KmsEngine)
        return backend

    def create_key(self) -> str:
        self._check_lockout("*")
        answer = super().create_key()
        _use_key(1)
        return answer

    def put_key_policy(self) -> str:
        self._check_lockout(self.kms_backend.key(self._key_id()).arn)
        return super().put_key_policy()

    def _check_lockout(self, arn: str) -> None:
        """Raises MalformedPolicyDocumentException for a policy that shuts out the caller, unless he wants just that."""
        policy, caller = self._get_param("Policy"), current_call.get().credential
        if policy and caller and not self._get_param("BypassPolicyLockoutSafetyCheck"):
            self.kms_backend.check_policy(policy)
            check_lockout(caller, policy, arn)

    def encrypt(self) -> str:
        key_id, algorithm = self._key_id(), self._algorithm("EncryptionAlgorithm")
        context = self._get_param("EncryptionContext", {})
        blob, arn = self.kms_backend.encrypt(key_id, self._get_param("Plaintext"), context, algorithm)
        return self._answer(CiphertextBlob=blob, KeyId=arn, EncryptionAlgorithm=algorithm)

    def decrypt(self) -> str:
        algorithm, blob = self._algorithm("EncryptionAlgorithm"), self._get_param("CiphertextBlob") or b""
        key_id = self._key_id() if self._get_param("KeyId") else None
        context = self._get_param("EncryptionContext", {})
        if algorithm == SYMMETRIC:
            plaintext, key, material_id = self.kms_backend.decrypt_symmetric(blob, context, key_id)
            told = {"KeyId": key.arn, "KeyMaterialId": material_id}
        else:
            plaintext, arn = self.kms_backend.decrypt(blob, context, key_id, algorithm)
            told = {"KeyId": arn}
        return self._answer(Plaintext=plaintext, EncryptionAlgorithm=algorithm, **told)

    def re_encrypt(self) -> str:
        used = {name: self._algorithm(name) for name in ("SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm")}
        source, target = used.values()
        source_id = self._key_id("SourceKeyId") if self._get_param("SourceKeyId") else None
        target_id = self._key_id("DestinationKeyId")
        context = self._get_param("SourceEncryptionContext", {})
        blob = self._get_param("CiphertextBlob") or b""
        plaintext, source_arn = self.kms_backend.decrypt(blob, context, source_id, source)
        context = self._get_param("DestinationEncryptionContext", {})
        blob, arn = self.kms_backend.encrypt(target_id, plaintext, context, target)
        return self._answer(CiphertextBlob=blob, KeyId=arn, SourceKeyId=source_arn, **used)

    def generate_data_key(self) -> str:
        answer = json.loads(super().generate_data_key())
        return json.dumps(answer | {"KeyMaterialId": id_of(self.kms_backend.key(answer["KeyId"]).key_material)})

    def enable_key_rotation(self) -> str:
        """Source: API reference, EnableKeyRotation."""
        key_id = self._get_param("KeyId")
        self._validate_cmk_id(key_id)
        self.kms_backend.enable_key_rotation(key_id, self._get_param("RotationPeriodInDays") or 365)
        return json.dumps(None)

    def get_key_rotation_status(self) -> str:
        """Source: API reference, GetKeyRotationStatus."""
        answer = json.loads(super().get_key_rotation_status())
        key = self.kms_backend.key(self._get_param("KeyId"))
        told: dict[str, Any] = {"KeyId": key.id}
        if key.next_rotation is not None:
            told |= {"RotationPeriodInDays": key.rotation_days, "NextRotationDate": key.next_rotation}
        return json.dumps(answer | told)

    def generate_data_key_pair(self) -> str:
        """Source: API reference, GenerateDataKeyPair."""
        key_id, spec = self._key_id(), self._get_param("KeyPairSpec")
        self.kms_backend.check_wraps(key_id, "GenerateDataKeyPair")
        private, public = new_pair(spec)
        blob, arn = self.kms_backend.encrypt(key_id, private, self._get_param("EncryptionContext", {}))
        pair = {"PrivateKeyCiphertextBlob": blob, "PrivateKeyPlaintext": private, "PublicKey": public}
        return self._answer(**pair, KeyId=arn, KeyPairSpec=spec)

    def generate_data_key_pair_without_plaintext(self) -> str:
        """Source: API reference, GenerateDataKeyPairWithoutPlaintext."""
        pair = json.loads(self.generate_data_key_pair())
        del pair["PrivateKeyPlaintext"]
        return json.dumps(pair)

    def sign(self) -> str:
        key, algorithm, message, kind = self._signing("Sign")
        signature = sign(_material(key), algorithm, message, kind)
        return self._answer(KeyId=key.arn, Signature=signature, SigningAlgorithm=algorithm)

    def verify(self) -> str:
        """Raises KMSInvalidSignatureException; an answer therefore always says that the signature is valid."""
        key, algorithm, message, kind = self._signing("Verify")
        verify(_material(key), algorithm, message, kind, base64.b64decode(self._get_param("Signature")))
        return self._answer(KeyId=key.arn, SignatureValid=True, SigningAlgorithm=algorithm)

    def _signing(self, operation: str) -> tuple[KeyEngine, str, bytes, str]:
        key, algorithm = self.kms_backend.key(self._key_id()), self._get_param("SigningAlgorithm")
        key.check("SIGN_VERIFY", operation, algorithm)
        return key, algorithm, self._get_param("Message"), self._get_param("MessageType") or "RAW"

    def get_public_key(self) -> str:
        """Raises UnsupportedOperationException for a key that has no public half."""
        key = self.kms_backend.key(self._key_id())
        if not key.key_spec.startswith(("RSA_", "ECC_")):
            said = f"{key.arn} key spec is {key.key_spec} which is not valid for GetPublicKey."
            raise AwsError("UnsupportedOperationException", said)
        key.check(key.key_usage, "GetPublicKey", None)
        told = {"KeyUsage": key.key_usage, "KeySpec": key.key_spec, "CustomerMasterKeySpec": key.key_spec}
        return self._answer(KeyId=key.arn, PublicKey=key.private_key.public_key(), **told, **key.algorithms)

    def generate_mac(self) -> str:
        key, algorithm, mac = self._mac("GenerateMac")
        return self._answer(KeyId=key.arn, Mac=mac, MacAlgorithm=algorithm)

    def verify_mac(self) -> str:
        """Raises KMSInvalidMacException for a MAC that is not the message's."""
        key, algorithm, mac = self._mac("VerifyMac")
        if not hmac.compare_digest(base64.b64decode(self._get_param("Mac")), mac):
            raise AwsError("KMSInvalidMacException", "")
        return self._answer(KeyId=key.arn, MacValid=True, MacAlgorithm=algorithm)

    def _mac(self, operation: str) -> tuple[KeyEngine, str, bytes]:
        key, algorithm = self.kms_backend.key(self._key_id()), self._get_param("MacAlgorithm")
        key.check("GENERATE_VERIFY_MAC", operation, algorithm)
        digest = "sha" + algorithm.removeprefix("HMAC_SHA_")
        return key, algorithm, hmac.digest(key.key_material, self._get_param("Message"), digest)

    def get_key_policy(self) -> str:
        """PolicyName is "default" unless given, the only name there is (API reference, GetKeyPolicy)."""
        return json.dumps(json.loads(super().get_key_policy()) | {"PolicyName": self._get_param("PolicyName")})

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        return super()._get_param(param_name, "default" if param_name == "PolicyName" else if_none)

    def _set_alias(self, update: bool = False) -> str:
        if not self._get_param("AliasName").startswith("alias/"):
            raise AwsError("ValidationException", _ALIAS)
        return super()._set_alias(update)

    def schedule_key_deletion(self) -> str:
        """KeyId is the key's ARN, whatever the request calls it (API reference, ScheduleKeyDeletion)."""
        days = self._get_param("PendingWindowInDays") or 30
        told = json.loads(super().schedule_key_deletion())
        return self._with_arn(json.dumps(told | {"KeyState": "PendingDeletion", "PendingWindowInDays": days}))

    def cancel_key_deletion(self) -> str:
        return self._with_arn(super().cancel_key_deletion())

    def _with_arn(self, answer: str) -> str:
        return json.dumps(json.loads(answer) | {"KeyId": self.kms_backend.key(self._get_param("KeyId")).arn})

    def create_grant(self) -> str:
        self._validate_cmk_id(self._get_param("KeyId"))
        return super().create_grant()

    def list_grants(self) -> str:
        self._validate_cmk_id(self._get_param("KeyId"))
        return super().list_grants()

    def revoke_grant(self) -> str:
        self._validate_cmk_id(self._get_param("KeyId"))
        return super().revoke_grant()

    def retire_grant(self) -> str:
        if self._get_param("KeyId"):  # else the grant is named by its token
            self._validate_cmk_id(self._get_param("KeyId"))
        return super().retire_grant()

    def _validate_cmk_id(self, key_id: str) -> None:
        self._check_place(key_id)
        super()._validate_cmk_id(key_id)

    def _validate_alias(self, key_id: str) -> None:
        self._check_place(key_id)
        super()._validate_alias(key_id)

    def _check_place(self, key_id: str) -> None:
        """Raises for the ARN of another region's or another account's key, which this lab's key of that id is not."""
        if not key_id.startswith("arn:"):
            return
        region, account = [*key_id.split(":"), "", ""][3:5]
        if region != self.region:
            raise AwsError("NotFoundException", f"Invalid arn {region}")
        if account != self.current_account:
            said = f"{key_id} does not exist in this Region, or no resource-based policy of it allows access."
            raise AwsError("AccessDeniedException", said)

    def _key_id(self, parameter: str = "KeyId") -> str:
        """Raises NotFoundException for a key or alias that there is not."""
        key_id: str = self._get_param(parameter)
        self._validate_key_id(key_id)
        return key_id

    def _algorithm(self, parameter: str) -> str:
        return self._get_param(parameter) or SYMMETRIC

    def _answer(self, **members: Any) -> str:
        """Raises DryRunOperationException where the request only asks whether it would succeed."""
        if self._get_param("DryRun"):
            said = "The request would have succeeded, but the DryRun option is set."
            raise AwsError("DryRunOperationException", said)
        told = {name: _text(value) if isinstance(value, bytes) else value for name, value in members.items()}
        return json.dumps(told)


def _text(blob: bytes) -> str:
    return base64.b64encode(blob).decode()


def _material(key: Any) -> Any:
    """The private key of an asymmetric key."""
    return key.private_key.private_key


def _no_context(encryption_context: dict[str, str]) -> None:
    if encryption_context:
        said = "EncryptionContext is supported only with symmetric encryption KMS keys."
        raise AwsError("ValidationException", said)
