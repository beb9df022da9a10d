"""The drawings of part 6, by name."""

from __future__ import annotations

from dehelpers.words.boxes import Arrow, Box, Sketch

SECURITY = {
    "taking": Sketch(
        "To take a role",
        "You ask STS for a session of the role, with your own keys. STS asks whether your policies and its trust "
        "policy agree, and gives temporary keys. With them you call a service; it asks what the role may do.",
        [
            Box(0, 0, "you", "with your own keys"),
            Box(1, 0, "STS", "AssumeRole"),
            Box(2, 0, "temporary keys", "for an hour", True),
            Box(3, 0, "a service", "what may the role do?"),
            Box(1, 1, "trust policy", "may you take it?"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(2, 3), Arrow(4, 1)],
    ),
    "growing": Sketch(
        "Least privilege, grown from denials",
        "Run the work. If it is denied, read the message: who, which action, which resource. Add one statement that "
        "names both. Run the work again, until it succeeds. Then stop: what was never asked for is never added.",
        [
            Box(0, 0, "run the work"),
            Box(1, 0, "denied", "read the message"),
            Box(2, 0, "add a statement", "that action, that resource", True),
            Box(0, 1, "succeeded", "and nothing more"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(0, 3)],
    ),
    "passing": Sketch(
        "To give a role to a service",
        "Dana makes a function and names a role for it. Two things are asked: may Dana pass this role to Lambda "
        "(iam:PassRole), and does the role trust Lambda. Then the function works with the rights of the role, not with "
        "those of Dana.",
        [
            Box(0, 0, "Dana", "CreateFunction, a role"),
            Box(1, 0, "iam:PassRole?", "of this role, to Lambda", True),
            Box(2, 0, "trust policy?", "does it trust Lambda"),
            Box(3, 0, "the function", "has the role's rights"),
        ],
        [Arrow(0, 1), Arrow(1, 2, "yes"), Arrow(2, 3, "yes")],
    ),
    "at_rest": Sketch(
        "In transit and at rest",
        "On its way from the client to S3 data is protected by TLS. Where it lies it is encrypted; the key "
        "for that stays in KMS, and S3 asks for it in the name of the client.",
        [
            Box(0, 0, "client"),
            Box(1, 0, "S3", "encrypts, decrypts"),
            Box(2, 0, "stored", "at rest: encrypted"),
            Box(1, 1, "KMS", "keeps the key", True),
        ],
        [Arrow(0, 1, "TLS"), Arrow(1, 2), Arrow(3, 1)],
    ),
    "pseudonyms": Sketch(
        "A pseudonym that joins",
        "In both tables the passenger's id goes through the same HMAC with the same secret key. Equal ids become equal "
        "pseudonyms, so the tables still join. Without the key nobody can find an id by trying.",
        [
            Box(0, 0, "passengers", "P00001"),
            Box(0, 1, "bookings", "P00001"),
            Box(1, 0.5, "HMAC", "with a secret key", True),
            Box(2, 0, "people", "the same pseudonym"),
            Box(2, 1, "trips", "the same pseudonym"),
        ],
        [Arrow(0, 2), Arrow(1, 2), Arrow(2, 3), Arrow(2, 4)],
    ),
    "labels": Sketch(
        "Two rotations, and how long each key lives",
        "Key A is current. After the first rotation B is current and A is previous: both work. After the second C is "
        "current, B is previous, and A is deleted. A client that still has A is refused, and reads the secret again.",
        [
            Box(0, 0, "key A", "AWSCURRENT"),
            Box(1, 0, "key A", "AWSPREVIOUS, works"),
            Box(1, 1, "key B", "AWSCURRENT"),
            Box(2, 0, "key A", "deleted", True),
            Box(2, 1, "key B", "AWSPREVIOUS, works"),
            Box(2, 2, "key C", "AWSCURRENT"),
        ],
        [Arrow(0, 1, "first"), Arrow(1, 3, "second"), Arrow(2, 4, "second")],
    ),
    "chain": Sketch(
        "From what happened to who it was",
        "The event of the deletion names a session of a role. The name of the session leads to the event AssumeRole, "
        "which names who has taken the role.",
        [
            Box(0, 0, "DeleteObject", "which object, when"),
            Box(1, 0, "a session", "of the role cleaner"),
            Box(2, 0, "AssumeRole", "the same session name"),
            Box(3, 0, "who took it", "the caller of that", True),
        ],
        [Arrow(0, 1, "by"), Arrow(1, 2), Arrow(2, 3, "by")],
    ),
    "query_rights": Sketch(
        "What one query of Athena asks for",
        "A query needs rights in three services: in Athena to start it and to fetch its result, in Glue to read the "
        "description of the table, in S3 to read the files of the table and to write the result. Each is asked in "
        "the name of who runs the query.",
        [
            Box(0, 1, "a query", "in Ana's name"),
            Box(1, 0, "Athena", "the workgroup"),
            Box(1, 1, "Glue", "catalog, database, table"),
            Box(1, 2, "S3", "the bucket", True),
            Box(2, 1.5, "read", "people/bookings/*"),
            Box(2, 2.5, "write", "results/*"),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(0, 3), Arrow(3, 4), Arrow(3, 5)],
    ),
    "decision": Sketch(
        "How a call is decided",
        "First all policies are searched for a Deny that matches: one is enough to end the matter. Then the "
        "organization has to allow, then the caller's own policies or those of the resource, then the permissions "
        "boundary, then the session policy. What is not there is not asked. Where one that is there does not "
        "allow, the call is denied.",
        [
            Box(0, 0, "a Deny anywhere?", "in any policy", True),
            Box(1, 0, "organization", "service control policies"),
            Box(2, 0, "caller or resource", "one of them allows"),
            Box(2, 1, "boundary", "of user or role"),
            Box(1, 1, "session", "its own policy"),
            Box(0, 1, "allowed"),
        ],
        [Arrow(0, 1, "no"), Arrow(1, 2, "allows"), Arrow(2, 3, "allows"), Arrow(3, 4, "allows"), Arrow(4, 5, "allows")],
    ),
    "deputy": Sketch(
        "A confused deputy",
        "The customer's role trusts the company. The customer gives the role's ARN to the company's program, and gets "
        "a report. Mallory, another customer, gives the same ARN, and the program uses its right for her.",
        [
            Box(0, 0, "customer", "logs in, gives the ARN"),
            Box(0, 1, "Mallory", "gives the same ARN"),
            Box(1, 0.5, "the program", "may take the role", True),
            Box(2, 0.5, "the customer's role", "lists the lake"),
        ],
        [Arrow(0, 2), Arrow(1, 2), Arrow(2, 3, "whose?")],
    ),
    "insists": Sketch(
        "What an upload passes",
        "An upload over HTTP is denied by the bucket's policy. One over TLS is asked for its encryption: if it names "
        "another kind or another key, it is denied; if it names none, the bucket's default encrypts with the key.",
        [
            Box(0, 0, "an upload"),
            Box(1, 0, "over TLS?"),
            Box(2, 0, "other encryption?"),
            Box(3, 0, "stored", "under the bucket's key", True),
            Box(1, 1, "denied", "aws:SecureTransport"),
            Box(2, 1, "denied", "kind or key"),
        ],
        [Arrow(0, 1), Arrow(1, 2, "yes"), Arrow(2, 3, "no"), Arrow(1, 4, "no"), Arrow(2, 5, "yes")],
    ),
    "data_key": Sketch(
        "Envelope encryption",
        "KMS makes a data key and returns it twice: plain, and encrypted with the key that never leaves KMS. The plain "
        "one encrypts the data and is forgotten. The encrypted one is kept beside the encrypted data; to read, it "
        "is sent to KMS, which returns the plain one.",
        [
            Box(0, 0.5, "KMS", "the key stays here", True),
            Box(1, 0, "data key, plain", "encrypts, then forgotten"),
            Box(1, 1, "data key, encrypted", "kept"),
            Box(2, 0, "data, encrypted"),
            Box(2, 1, "beside the data"),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(1, 3), Arrow(2, 4)],
    ),
    "governed": Sketch(
        "Who reads the files of a governed table",
        "A role asks Athena. Athena asks Lake Formation which columns and rows the role was granted, reads the files "
        "with the role of the registered location, and gives only what was granted. The role itself has no right "
        "on the files.",
        [
            Box(0, 0, "a role", "no right on the files"),
            Box(1, 0, "Athena", "runs the query"),
            Box(2, 0, "files in S3", "all columns, all rows"),
            Box(1, 1, "Lake Formation", "the grants", True),
            Box(2, 1, "the location's role", "reads for Athena"),
        ],
        [Arrow(0, 1, "SQL"), Arrow(1, 3, "what may it see?"), Arrow(3, 4), Arrow(4, 2)],
    ),
    "rotation": Sketch(
        "The four steps of a rotation",
        "Secrets Manager calls the function four times. createSecret makes a new value with the label AWSPENDING, "
        "setSecret puts it into the system, testSecret tries it, finishSecret moves the label AWSCURRENT to it. The "
        "old value keeps the label AWSPREVIOUS.",
        [
            Box(0, 0, "createSecret", "AWSPENDING"),
            Box(1, 0, "setSecret", "in the system itself"),
            Box(2, 0, "testSecret", "does it work?"),
            Box(3, 0, "finishSecret", "AWSCURRENT moves", True),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(2, 3)],
    ),
    "trail": Sketch(
        "From a call to a row",
        "Every call becomes an event. The event history keeps management events for 90 days. A trail delivers events, "
        "those about objects too if it is told to, as gzip files to a bucket; Athena reads them as a table.",
        [
            Box(0, 0.5, "a call", "who, what, from where"),
            Box(1, 0, "event history", "90 days, no data events"),
            Box(1, 1, "trail", "selects events", True),
            Box(2, 1, "files in S3", "kept as long as you like"),
            Box(3, 1, "Athena", "SELECT … FROM trail"),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(2, 3), Arrow(3, 4)],
    ),
}
