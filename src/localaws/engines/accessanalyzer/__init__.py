"""IAM Access Analyzer, of which moto knows nothing: the engine has the backends and answers all by itself.

`validation` finds what is wrong with a policy (`*_checks`, `findings`), `custom_checks` compares policies. Analyzers
(`analyzers`) look at resources that have policies (`guarded`) and find whom these let in from outside
(`external_access`). `generation` makes a policy of what a trail's files say that somebody did.
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="accessanalyzer",
    moto="accessanalyzer",
    backends="backend:accessanalyzer_backends",
    backend="backend:AccessAnalyzerBackend",
    responses="responses:AccessAnalyzerResponse",
    resume="resuming:resume",
)
