"""Portable codes with what dies of them, error types, and the exceptions of both."""

from __future__ import annotations

from .. import ir
from ..naming import pascal, screaming, words
from ..template import fill
from .words import called, doc, listed, quoted

CODES = """
    /** What is wrong with bytes, or with what a peer did: the same in every language. */
    public enum ErrorCode {
      «constants»

      private final String wire;

      ErrorCode(String wire) {
        this.wire = wire;
      }

      /** The code as it travels, such as {@code bad_magic}. */
      public String wire() {
        return wire;
      }
    }
"""
SCOPE = """
    /** How much dies of a fault. */
    public enum Scope {
      /** The stream or the peer's state can no longer be trusted. */
      CONNECTION,

      /** Only the exchange of the frame. */
      EXCHANGE;

      /** The scope as it travels. */
      public String wire() {
        return name().toLowerCase(java.util.Locale.ROOT);
      }
    }
"""
TYPES = """
    import java.util.List;

    /** What became of a call, as an ERROR tells it. */
    public enum ErrorType {
      «constants»

      private final String wire;
      private final ErrorType parent;
      private final List<String> details;

      ErrorType(String wire, ErrorType parent, String... details) {
        this.wire = wire;
        this.parent = parent;
        this.details = List.of(details);
      }

      /** The type as it travels. */
      public String wire() {
        return wire;
      }

      /** The type that this one specialises; null for the first. */
      public ErrorType parent() {
        return parent;
      }

      /** The names of the details that it may have. */
      public List<String> details() {
        return details;
      }

      /** The type of that name; the first one where nobody knows it. */
      public static ErrorType of(String wire) {
        for (ErrorType type : values()) {
          if (type.wire.equals(wire)) {
            return type;
          }
        }
        return «root»;
      }
    }
"""
PROTOCOL = """
    import java.util.ArrayList;
    import java.util.List;
    import java.util.OptionalInt;

    /** Bytes, a value or a peer's state that GD/1 does not permit. */
    public final class ProtocolException extends Exception {
      private static final long serialVersionUID = 1;
      private static final int NOWHERE = -1;

      private final ErrorCode code;
      private final Scope scope;
      private final int offset;
      private final long requestId;

      /** What leads to the fault, the innermost first: keys, and indexes of lists. */
      private final transient List<Object> steps = new ArrayList<>();

      /** Whether it is of a payload as a whole, which has no path. */
      private boolean isWhole;

      private ProtocolException(ErrorCode code, Scope scope, int offset, long requestId) {
        // A fault is an answer, and peers can make many: no stack is kept.
        super(null, null, false, false);
        this.code = code;
        this.scope = scope;
        this.offset = offset;
        this.requestId = requestId;
      }

      static ProtocolException at(int offset, ErrorCode code, Scope scope, long requestId) {
        return new ProtocolException(code, scope, offset, requestId);
      }

      static ProtocolException of(ErrorCode code, Scope scope, long requestId) {
        return new ProtocolException(code, scope, NOWHERE, requestId);
      }

      /** Tells that the fault is in the value of this key, or of this index; null for no other. */
      ProtocolException within(Object step) {
        if (step != null && !isWhole) {
          steps.add(step);
        }
        return this;
      }

      /** Tells that it is no fault of a place. */
      ProtocolException whole() {
        isWhole = true;
        return this;
      }

      /** The same fault, of an exchange. */
      ProtocolException of(long requestId) {
        ProtocolException known = new ProtocolException(code, scope, offset, requestId);
        known.steps.addAll(steps);
        return known;
      }

      /** The portable code. */
      public ErrorCode code() {
        return code;
      }

      /** How much dies of it. */
      public Scope scope() {
        return scope;
      }

      /** Where it is in the bytes that were handed in; absent where there are none. */
      public OptionalInt offset() {
        return offset == NOWHERE ? OptionalInt.empty() : OptionalInt.of(offset);
      }

      /** Where it is in the value, such as {@code kwargs.model[3]}; empty for the root. */
      public String path() {
        return Paths.text(steps);
      }

      /** The exchange of the frame, as far as it is known. */
      public long requestId() {
        return requestId;
      }

      @Override
      public String getMessage() {
        String at = offset == NOWHERE ? "" : " at byte " + offset;
        String path = path();
        return code.wire() + at + (path.isEmpty() ? "" : " in " + path);
      }
    }
"""
PATHS = """
    import java.util.List;
    import java.util.regex.Pattern;

    /** How the place of a fault in a value is written; characters are code points. */
    final class Paths {
      private static final Pattern IDENTIFIER = Pattern.compile(«identifier»);
      private static final String ELLIPSIS = «ellipsis»;
      private static final int MAX_PATH_CHARS = «max_path_chars»;
      private static final int MAX_KEY_CHARS = «max_key_chars»;

      private Paths() {}

      /** The path of what leads there, the innermost first. */
      static String text(List<Object> steps) {
        StringBuilder path = new StringBuilder();
        for (int at = steps.size() - 1; at >= 0; at--) {
          add(path, steps.get(at));
          if (path.codePointCount(0, path.length()) > MAX_PATH_CHARS) {
            path.setLength(path.offsetByCodePoints(0, MAX_PATH_CHARS - 1));
            return path.append(ELLIPSIS).toString();
          }
        }
        return path.toString();
      }

      private static void add(StringBuilder path, Object step) {
        if (!(step instanceof String key)) {
          path.append('[').append(step).append(']');
          return;
        }
        int length = key.codePointCount(0, key.length());
        if (length <= MAX_KEY_CHARS && IDENTIFIER.matcher(key).matches()) {
          path.append(path.length() == 0 ? "" : ".").append(key);
          return;
        }
        path.append("[\\"");
        int stop = key.offsetByCodePoints(0, Math.min(length, MAX_KEY_CHARS));
        key.codePoints().limit(MAX_KEY_CHARS).forEach(character -> quote(path, character));
        path.append(stop < key.length() ? ELLIPSIS : "").append("\\"]");
      }

      private static void quote(StringBuilder path, int character) {
        switch (character) {
          «escapes»
          default -> {
            boolean isHalf = Character.getType(character) == Character.SURROGATE;
            if (character < ' ' || isHalf) {
              path.append(String.format("\\\\u%04x", character));
            } else {
              path.appendCodePoint(character);
            }
          }
        }
      }
    }
"""
EXCEPTIONS = """
    import java.util.Map;

    /** What became of a call that did not go well: one class for each error type. */
    public class «root» extends RuntimeException {
      private static final long serialVersionUID = 1;

      private final ErrorType type;
      private final transient Map<String, Object> details;

      protected «root»(ErrorType type, String message, Map<String, Object> details) {
        super(message);
        this.type = type;
        this.details = details;
      }

      /** The type, by which it travels. */
      public ErrorType type() {
        return type;
      }

      /** Facts by name; there may be more than the type lists. */
      public Map<String, Object> details() {
        return details;
      }

      /** The exception of a type. */
      public static «root» of(ErrorType type, String message, Map<String, Object> details) {
        return switch (type) {
          «cases»
        };
      }

      «classes»
    }
"""
CLASS = """
    «doc»
    public static class «name» extends «parent» {
      private static final long serialVersionUID = 1;

      «constructor»
        super(type, message, details);
      }
    }
"""
ROOT = "DirtyException"


def files(spec: ir.Spec) -> dict[str, str]:
    """Codes, scopes, types, and exceptions."""
    return {
        "ErrorCode": fill(CODES, constants=_codes(spec)),
        "Scope": fill(SCOPE),
        "ErrorType": fill(TYPES, constants=_types(spec), root=screaming(_first(spec).name)),
        "ProtocolException": fill(PROTOCOL),
        "Paths": _paths(spec.paths),
        ROOT: fill(EXCEPTIONS, root=ROOT, cases=_cases(spec), classes=_classes(spec)),
    }


def _first(spec: ir.Spec) -> ir.ErrorType:
    return next(one for one in spec.error_types if not one.parent)


def _codes(spec: ir.Spec) -> list[str]:
    return listed((f"{screaming(x.name)}({quoted(x.name)})", x.meaning) for x in spec.error_codes)


def _types(spec: ir.Spec) -> list[str]:
    constants: list[str] = []
    for at, one in enumerate(spec.error_types):
        parent = screaming(one.parent) if one.parent else "null"
        words_ = [quoted(one.name), parent, *map(quoted, one.details)]
        *lines, last = called(screaming(one.name), words_, 1)
        is_last = at == len(spec.error_types) - 1
        constants += [*doc(one.meaning, 1), *lines, last + (";" if is_last else ",")]
        constants += [] if is_last else [""]
    return constants


def _paths(paths: ir.Paths) -> str:
    escapes = [
        f"case {_character(one)} -> path.append({quoted(text)});" for one, text in paths.escapes
    ]
    return fill(
        PATHS,
        identifier=quoted(paths.identifier),
        ellipsis=quoted(paths.ellipsis),
        max_path_chars=str(paths.max_path_chars),
        max_key_chars=str(paths.max_key_chars),
        escapes=escapes,
    )


def _character(one: str) -> str:
    return "'\"'" if one == '"' else "'" + quoted(one)[1:-1] + "'"


def exception(one: ir.ErrorType) -> str:
    """The class of a type: `AppNotFound` for ``DirtyAppNotFoundError``."""
    if not one.parent:
        return ROOT
    kept = [word for word in words(one.name) if word not in ("dirty", "error")]
    return pascal("_".join(kept)) + "Exception"


def _cases(spec: ir.Spec) -> list[str]:
    lines: list[str] = []
    for one in spec.error_types:
        line = f"case {screaming(one.name)} -> new {exception(one)}(type, message, details);"
        if len(line) + 6 <= 100:
            lines.append(line)
        else:
            lines += [f"case {screaming(one.name)} ->", f"    {line.split(' -> ')[1]}"]
    return lines


def _constructor(name: str) -> list[str]:
    words_ = ("ErrorType type", "String message", "Map<String, Object> details")
    *head, last = called(f"protected {name}", words_, 3)
    return [*head, f"{last} {{"]


def _classes(spec: ir.Spec) -> list[str]:
    by_name = {one.name: one for one in spec.error_types}
    lines: list[str] = []
    for one in spec.error_types:
        if one.parent:
            text = fill(
                CLASS,
                doc=doc(one.meaning, 1),
                name=exception(one),
                constructor=_constructor(exception(one)),
                parent=exception(by_name[one.parent]),
            )
            lines += ["", *text.rstrip("\n").split("\n")]
    return lines[1:]
