// A validator in Go over the published schemas: its regular expressions are those of RE2. As ajv.mjs, it reads CASES.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

type input struct {
	Schemas map[string]json.RawMessage `json:"schemas"`
	Cases   [][2]json.RawMessage       `json:"cases"`
}

type output struct {
	Warnings []string `json:"warnings"`
	Valid    []bool   `json:"valid"`
}

func main() {
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var in input
	if err := json.Unmarshal(raw, &in); err != nil {
		panic(err)
	}
	out := output{Warnings: []string{}, Valid: []bool{}}
	compiled := map[string]*jsonschema.Schema{}
	for name, text := range in.Schemas {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			panic(err)
		}
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		if err := compiler.AddResource(name+".json", document); err != nil {
			panic(err)
		}
		schema, err := compiler.Compile(name + ".json")
		if err != nil {
			out.Warnings = append(out.Warnings, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		compiled[name] = schema
	}
	for _, one := range in.Cases {
		var name string
		if err := json.Unmarshal(one[0], &name); err != nil {
			panic(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(one[1]))
		if err != nil {
			panic(err)
		}
		schema, there := compiled[name]
		out.Valid = append(out.Valid, there && schema.Validate(value) == nil)
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
