"""Which condition keys there are, and of which type their values are.

Sources: IAM user guide, "AWS global condition context keys"; service authorization reference, the condition keys of
each service.
"""

from __future__ import annotations

from localaws.gateway.reference import condition_keys_of

#: As the reference calls types: "String", "ArrayOfString", "ARN", "Bool", "Numeric", "Date", "IPAddress".
_STRINGS = """
    aws:CalledViaFirst aws:CalledViaLast aws:Ec2InstanceSourceVpc aws:EpochTime aws:PrincipalAccount aws:PrincipalOrgID
    aws:PrincipalServiceName aws:PrincipalType aws:Referer aws:RequestedRegion aws:ResourceAccount aws:ResourceOrgID
    aws:SourceAccount aws:SourceIdentity aws:SourceOrgID aws:SourceOwner aws:SourceVpc aws:SourceVpce aws:UserAgent
    aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths aws:userid aws:username aws:ChatbotSourceArn aws:RequestTag/
    aws:ResourceTag/ aws:PrincipalTag/ aws:FederatedProvider
"""
_GLOBAL = {
    **dict.fromkeys(_STRINGS.lower().split(), "String"),
    **dict.fromkeys(
        ["aws:calledvia", "aws:principalorgpaths", "aws:principalservicenameslist", "aws:resourceorgpaths"],
        "ArrayOfString",
    ),
    **dict.fromkeys(["aws:sourceorgpaths", "aws:tagkeys"], "ArrayOfString"),
    **dict.fromkeys(["aws:multifactorauthpresent", "aws:principalisawsservice", "aws:securetransport"], "Bool"),
    **dict.fromkeys(["aws:viaawsservice", "aws:assumedroot"], "Bool"),
    **dict.fromkeys(["aws:principalarn", "aws:sourcearn"], "ARN"),
    **dict.fromkeys(["aws:sourceip", "aws:vpcsourceip", "aws:ec2instancesourceprivateipv4"], "IPAddress"),
    **dict.fromkeys(["aws:currenttime", "aws:tokenissuetime"], "Date"),
    "aws:epochtime": "Date",
    "aws:multifactorauthage": "Numeric",
}


def type_of(key: str) -> str | None:
    """The type of the values of *key*, in whatever capitals; None if there is no such key."""
    name = key.lower()
    known = _GLOBAL if name.startswith("aws:") else condition_keys_of(name.partition(":")[0])
    if name in known:
        return known[name]
    beginning, slash, _ = name.partition("/")
    if not slash:
        return None
    return next((kind for each, kind in known.items() if each.partition("/")[0] == beginning and "/" in each), None)
