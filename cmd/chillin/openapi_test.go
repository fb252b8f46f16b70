package main

import (
	"bytes"
	"os"
	"testing"
)

// The browser client's types are generated from the checked-in document, so it must match the code.
func TestCheckedInDocumentMatchesTheCode(t *testing.T) {
	var made bytes.Buffer
	if err := printOpenAPI(&made); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("../../web/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made.Bytes(), kept) {
		t.Fatal("web/openapi.json is stale: run make generate")
	}
}
