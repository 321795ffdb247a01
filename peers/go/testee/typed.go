package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"gdproto/gd"
)

// The bytes that a recipe makes.
func made(recipe any) []byte {
	switch r := recipe.(type) {
	case string:
		data, err := hex.DecodeString(r)
		if err != nil {
			panic(err)
		}
		return data
	case []any:
		parts := make([][]byte, len(r))
		for i := range r {
			parts[i] = made(r[i])
		}
		return bytes.Join(parts, nil)
	}
	r := recipe.(object)
	if part, is := r["repeat"]; is {
		return bytes.Repeat(made(part), times(r))
	}
	around := r["numbered"].([]any)
	before, after := made(around[0]), made(around[1])
	var all bytes.Buffer
	for i := range times(r) {
		fmt.Fprintf(&all, "%s%07d%s", before, i, after)
	}
	return all.Bytes()
}

func times(held object) int { return int(held["times"].(float64)) }

// The value that a typed one stands for.
func fromTyped(typed object) any {
	for kind, held := range typed {
		switch kind {
		case "none":
			return nil
		case "bool":
			return held == "true"
		case "int64":
			return integer(held.(string))
		case "float64":
			return math.Float64frombits(binary.BigEndian.Uint64(made(held)))
		case "bytes":
			return made(held)
		case "string":
			if text, is := held.(string); is {
				return text
			}
			return string(made(held))
		case "utf16":
			return fromUTF16(made(held))
		case "list":
			return list(held.([]any))
		case "dict":
			return dict(held.([]any))
		case "repeated":
			return repeated(held.(object))
		case "numbered":
			return numbered(times(held.(object)))
		case "nested":
			return nested(held.(object))
		case "foreign":
			return struct{}{}
		}
	}
	panic(unsupported(fmt.Sprint("no form ", typed)))
}

func integer(text string) any {
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return number
	}
	number, _ := new(big.Int).SetString(text, 10)
	return number
}

// Half a pair becomes the bytes that it would have in UTF-8, which are none.
func fromUTF16(data []byte) string {
	var text []byte
	for i := 0; i < len(data); i += 2 {
		unit := rune(binary.BigEndian.Uint16(data[i:]))
		if i+4 <= len(data) {
			pair := utf16.DecodeRune(unit, rune(binary.BigEndian.Uint16(data[i+2:])))
			if pair != utf8.RuneError {
				text = utf8.AppendRune(text, pair)
				i += 2
				continue
			}
		}
		if utf16.IsSurrogate(unit) {
			text = append(text, 0xe0|byte(unit>>12), 0x80|byte(unit>>6&0x3f), 0x80|byte(unit&0x3f))
		} else {
			text = utf8.AppendRune(text, unit)
		}
	}
	return string(text)
}

func list(held []any) []any {
	items := make([]any, len(held))
	for i := range held {
		items[i] = fromTyped(held[i].(object))
	}
	return items
}

func dict(held []any) any {
	pairs, loose := gd.Dict{}, map[any]any{}
	for _, one := range held {
		pair := one.([]any)
		key, value := fromTyped(pair[0].(object)), fromTyped(pair[1].(object))
		if text, is := key.(string); is {
			pairs = append(pairs, gd.Pair{Key: text, Value: value})
		}
		if key != nil && !reflect.TypeOf(key).Comparable() {
			panic(unsupported(fmt.Sprintf("a map of Go has no keys of type %T", key)))
		}
		loose[key] = value
	}
	if len(pairs) == len(held) {
		return pairs
	}
	if len(loose) < len(held) {
		panic(unsupported("a map of Go has no two equal keys"))
	}
	return loose
}

func repeated(held object) []any {
	item := fromTyped(held["item"].(object))
	items := make([]any, times(held))
	for i := range items {
		items[i] = item
	}
	return items
}

func numbered(count int) gd.Dict {
	pairs := make(gd.Dict, count)
	for i := range pairs {
		pairs[i].Key = fmt.Sprintf("%07d", i)
	}
	return pairs
}

func nested(held object) any {
	key, _ := held["key"].(string)
	isList := held["in"] == "list"
	around := func(inner any) any {
		if isList {
			return []any{inner}
		}
		return gd.Dict{{Key: key, Value: inner}}
	}
	var value any = gd.Dict{}
	if isList {
		value = []any{}
	}
	if inner, is := held["around"]; is {
		value = around(fromTyped(inner.(object)))
	}
	for range times(held) - 1 {
		value = around(value)
	}
	return value
}

// A value as the contract tells it.
func toTyped(value any) object {
	switch v := value.(type) {
	case nil:
		return object{"none": ""}
	case bool:
		return object{"bool": strconv.FormatBool(v)}
	case int64, uint64:
		return object{"int64": fmt.Sprint(v)}
	case float64:
		return object{"float64": fmt.Sprintf("%016x", math.Float64bits(v))}
	case []byte:
		return object{"bytes": hex.EncodeToString(v)}
	case string:
		return object{"string": v}
	case []any:
		items := make([]object, len(v))
		for i := range v {
			items[i] = toTyped(v[i])
		}
		return object{"list": items}
	case gd.Dict:
		pairs := make([][2]object, len(v))
		for i := range v {
			pairs[i] = [2]object{toTyped(v[i].Key), toTyped(v[i].Value)}
		}
		return object{"dict": pairs}
	}
	panic(fmt.Sprintf("%T is no value", value))
}
