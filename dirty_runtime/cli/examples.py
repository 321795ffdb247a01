"""What ``--help`` of each command ends with: examples."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "serve": (
        "dirty serve --app shop:Shop --workers 4 --socket ./shop.sock",
        "dirty serve -c dirty.conf.py --socket ./shop.sock --metrics 127.0.0.1:9464",
        "dirty serve --app shop:Shop --socket ./shop.sock --check-config",
    ),
    "call": (
        "dirty call shop:Shop price '\"cup\"'",
        "dirty call shop:Shop order '[1, 2]' --kw express=true --timeout 5",
    ),
    "stream": ("dirty stream shop:Shop lines 10",),
    "status": (
        "dirty status",
        "dirty status --json",
        "dirty status --wait 60",
        "dirty status --watch",
    ),
    "scale": ("dirty scale +1", "dirty scale 4 --wait 60"),
    "reload": ("dirty reload --wait 60",),
    "upgrade": ("dirty upgrade --wait 60",),
    "stash": ("dirty stash put flags '\"maintenance\"' true", "dirty stash keys flags"),
    "calls": ("dirty calls", "dirty calls --json"),
    "stacks": ("dirty stacks", "dirty stacks 0"),
    "kill": ("dirty kill c17", "dirty kill 0"),
    "recycle": ("dirty recycle 0",),
    "top": ("dirty top", "dirty top --every 0.5"),
    "metrics": ("dirty metrics 127.0.0.1:9464", "dirty metrics --statsd 127.0.0.1:8125"),
    "bench": (
        "dirty bench --app shop:Shop --action price --args '[\"cup\"]' --workers 2",
        "dirty bench --app shop:Shop --action price --rate 200 --target-p99 50ms --svg load.svg",
        "dirty bench --app shop:Shop --action price --shape closed --clients 32",
    ),
    "completion": ("dirty completion bash --install", 'eval "$(dirty completion zsh)"'),
}


def epilog(name: str) -> str:
    """The examples of the command, to stand below its options; empty where it has none."""
    lines = EXAMPLES.get(name, ())
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines))) if lines else ""
