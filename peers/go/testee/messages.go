package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gdproto/gd"
)

// The message that a typed one stands for.
func fromTypedMessage(typed object) gd.Message {
	message := blank(typed["type"].(string))
	held := reflect.ValueOf(message).Elem()
	held.FieldByName("RequestID").SetUint(requestIDOf(typed["request_id"]))
	fields := typed["fields"].(object)
	for i := range held.NumField() {
		name, option, is := tagOf(held.Type().Field(i))
		if !is {
			continue
		}
		value := fromTyped(fields[name].(object))
		if !set(held.Field(i), value, option != "") {
			panic(unsupported(fmt.Sprintf("%s is a %v in Go, and no %T", name, held.Field(i).Type(), value)))
		}
	}
	return message
}

// The name by which the protocol knows a field of a struct, and what nil stands for: "none", or else
// "optional" for the default; nothing where the field must be there.
func tagOf(field reflect.StructField) (name, option string, is bool) {
	tag, is := field.Tag.Lookup("gd")
	name, option, _ = strings.Cut(tag, ",")
	return name, option, is
}

func blank(name string) gd.Message {
	for code := range 256 {
		if t := gd.MessageType(code); t.String() == name {
			return gd.New(t, 0)
		}
	}
	panic(unsupported("no message " + name))
}

func requestIDOf(held any) uint64 {
	number, err := strconv.ParseUint(held.(string), 10, 64)
	if err != nil {
		panic(unsupported("a request id is a uint64 in Go"))
	}
	return number
}

// Sets a field of a struct to a value; false where Go's type does not hold it.
func set(field reflect.Value, value any, isOptional bool) bool {
	if value == nil {
		return isOptional || field.Kind() == reflect.Interface
	}
	held := reflect.ValueOf(value)
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	isSame := held.Type().AssignableTo(field.Type())
	isNamed := held.Kind() == reflect.Int64 && field.Kind() == reflect.Int64
	if !isSame && !isNamed {
		return false
	}
	field.Set(held.Convert(field.Type()))
	return true
}

// A message as the contract tells it.
func toTypedMessage(message gd.Message) object {
	held := reflect.ValueOf(message).Elem()
	fields := object{}
	for i := range held.NumField() {
		if name, option, is := tagOf(held.Type().Field(i)); is {
			fields[name] = toTyped(plain(held.Field(i), option == "none"))
		}
	}
	requestID := decimal(message.ExchangeID())
	return object{"type": message.MessageType().String(), "request_id": requestID, "fields": fields}
}

// A field's value; nil may stand for none, or for an empty one.
func plain(field reflect.Value, nilIsNone bool) any {
	switch field.Kind() {
	case reflect.Interface:
		return field.Interface()
	case reflect.Pointer:
		if field.IsNil() {
			return nil
		}
		return plain(field.Elem(), nilIsNone)
	case reflect.Map, reflect.Slice:
		if nilIsNone && field.IsNil() {
			return nil
		}
	case reflect.Int64:
		return field.Int()
	}
	return field.Interface()
}
