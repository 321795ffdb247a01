// The codec as a testee of the conformance suite, on stdin and stdout: see conformance/contract.md.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"log"
	"os"
	"runtime"

	"gdproto/gd"
)

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	for {
		command, err := receive(in)
		if err != nil || command["do"] == "stop" {
			return
		}
		answer := answerTo(command)
		answer["n"] = command["n"]
		if err := send(out, answer); err != nil {
			log.Fatal(err)
		}
	}
}

// The declaration.
func declaration() object {
	roles := []string{}
	for role := gd.RoleClient; role.String() != "no role"; role++ {
		roles = append(roles, role.String())
	}
	return object{
		"contract":   1,
		"name":       "go",
		"language":   "Go, " + runtime.Version(),
		"version":    "1",
		"operations": []string{"decode", "encode", "parse", "serialize", "session"},
		"roles":      roles,
		"policies":   object{"non-string-keys": "refused", "nan-payload": "kept"},
	}
}

func receive(in io.Reader) (object, error) {
	var size uint32
	if err := binary.Read(in, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, err
	}
	command := object{}
	return command, json.Unmarshal(text, &command)
}

func send(out *bufio.Writer, answer object) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(text)))
	out.Write(head)
	out.Write(text)
	return out.Flush()
}
