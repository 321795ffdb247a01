"""What gunicorn's config file says beside its settings for dirty workers.

Rules: what has a meaning for an arbiter is taken as gunicorn takes it; settings of ours beat it.
What is left to gunicorn is named in one line; names that are neither, a file may use for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Its names for settings of ours.
AS_SETTINGS = {"errorlog": "log_file", "loglevel": "app_log_level"}
AS_USER = ("user", "group", "initgroups", "umask")
AS_SURROUNDINGS = frozenset(
    ("raw_env", "pythonpath", "chdir", "proc_name", "default_proc_name", *AS_USER)
)
OTHERS = """
access_log_format accesslog asgi_disconnect_grace_period asgi_lifespan asgi_loop backlog bind
ca_certs capture_output casefold_http_method cert_reqs certfile check_config child_exit ciphers
config control_socket control_socket_disable control_socket_mode daemon
disable_redirect_access_to_syslog do_handshake_on_connect dogstatsd_tags enable_backlog_metric
enable_stdio_inheritance forwarded_allow_ips forwarder_headers graceful_timeout header_map
http2_cleartext http2_initial_window_size http2_max_concurrent_streams http2_max_frame_size
http2_max_header_list_size http_parser http_protocols keepalive keyfile limit_request_field_size
limit_request_fields limit_request_line logconfig logconfig_dict logconfig_json logger_class
max_requests max_requests_jitter nworkers_changed on_exit on_reload on_starting paste
permit_obsolete_folding permit_unconventional_http_method permit_unconventional_http_version
pidfile post_fork post_request post_worker_init pre_exec pre_fork pre_request preload_app
print_config protocol proxy_allow_ips proxy_protocol raw_paste_global_conf reload reload_engine
reload_extra_files reuse_port root_path secure_scheme_headers sendfile spew ssl_context
ssl_version statsd_host statsd_prefix strip_header_spaces suppress_ragged_eofs syslog
syslog_addr syslog_facility syslog_prefix threads timeout tmp_upload_dir uwsgi_allow_ips
websocket_max_message_size when_ready worker_abort worker_class worker_connections worker_exit
worker_int worker_tmp_dir workers wsgi_app
"""
LEFT = frozenset(OTHERS.split())


def as_settings(found: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of ours, by their names in Config, that the file gives by gunicorn's names."""
    settings = {ours: found[name] for name, ours in AS_SETTINGS.items() if name in found}
    if settings.get("log_file") == "-":
        # Standard error, as gunicorn has it.
        settings["log_file"] = ""
    if isinstance(level := settings.get("app_log_level"), str):
        # Ours knows none above errors.
        settings["app_log_level"] = {"critical": "error"}.get(level.lower(), level.lower())
    return settings


def left(found: Mapping[str, Any]) -> list[str]:
    """The names of the file's settings that are gunicorn's alone."""
    return sorted(LEFT & found.keys())
