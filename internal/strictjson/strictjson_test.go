package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

type author struct {
	Name string `json:"name"`
	Age  *int   `json:"age,omitempty"`
}

type promoted struct {
	Lent string `json:"promoted"`
	Text int    `json:"text"` // hidden by the field at a shallower depth
}

type command struct {
	promoted
	ID      int64             `json:"id"`
	Text    string            `json:"text"`
	On      bool              `json:"on"`
	Ratio   float32           `json:"ratio"`
	Small   int8              `json:"small"`
	Ids     []int64           `json:"ids"`
	Author  author            `json:"author"`
	Authors []*author         `json:"authors"`
	ByName  map[string]author `json:"byName"`
	Data    json.RawMessage   `json:"data"`
	Any     any               `json:"any"`
	Number  json.Number       `json:"number"`
	At      time.Time         `json:"at"`
	Next    *command          `json:"next"`
	Hidden  string            `json:"-"`
	Plain   string
	private string //nolint:unused // unexported on purpose
}

func TestDecode(t *testing.T) {
	var got command
	err := Decode([]byte(` {"id":1,"text":"a\u0000b","promoted":"l"} `), &got)
	if err == nil {
		t.Fatal("err = nil, want an error about NUL")
	}
	got = command{}
	err = Decode([]byte(` {
		"id": 1, "text": "a\n\ud83d\ude00 é", "promoted": "l", "on": true, "ratio": -1.5e-3, "small": -128, "ids": [1, 2, 3],
		"author": {"name": "x", "age": null}, "authors": [{"name": "y", "age": 3}, null], "byName": {"a": {"name": "z"}, "A": {}},
		"data": {"any": [{"key": 1}]}, "any": {"a": {"b": [true, false, null]}}, "at": "2026-01-02T03:04:05Z",
		"next": {"next": {"id": 2}}, "Plain": ""
	} `), &got)
	if err != nil {
		t.Fatal(err)
	}
	three := 3
	want := command{
		promoted: promoted{Lent: "l"}, ID: 1, Text: "a\n😀 é", On: true, Ratio: -1.5e-3, Small: -128, Ids: []int64{1, 2, 3},
		Author: author{Name: "x"}, Authors: []*author{{Name: "y", Age: &three}, nil}, ByName: map[string]author{"a": {Name: "z"}, "A": {}},
		Data: json.RawMessage(`{"any": [{"key": 1}]}`), Any: map[string]any{"a": map[string]any{"b": []any{true, false, nil}}},
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Next: &command{Next: &command{ID: 2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v, want %+v", got, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := func(n int) string { return `{"any":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `"k%d":0,`, i)
	}
	cases := []struct{ name, in, want string }{
		{"empty", "", "the JSON is not valid JSON"},
		{"space", " \n", "the JSON is not valid JSON"},
		{"open object", `{"id":1`, "the JSON is not valid JSON"},
		{"open string", `{"text":"a`, "text is not valid JSON"},
		{"open escape", `{"text":"a\`, "text is not valid JSON"},
		{"two values", `{} {}`, "the JSON is followed by more data"},
		{"trailing byte", "{}\x00", "the JSON is followed by more data"},
		{"comma at the end", `{"id":1,}`, "the JSON is not valid JSON"},
		{"comma in array", `{"ids":[1,]}`, "ids is not valid JSON"},
		{"no comma", `{"ids":[1 2]}`, "ids is not valid JSON"},
		{"no colon", `{"id" 1}`, "id is not valid JSON"},
		{"unquoted key", `{id:1}`, "the JSON is not valid JSON"},
		{"comment", `{"id":1/**/}`, "the JSON is not valid JSON"},
		{"word", `{"on":True}`, "on is not valid JSON"},
		{"NaN", `{"ratio":NaN}`, "ratio is not valid JSON"},
		{"leading zero", `{"id":01}`, "the JSON is not valid JSON"},
		{"plus", `{"id":+1}`, "id is not valid JSON"},
		{"bare point", `{"ratio":1.}`, "ratio is not valid JSON"},
		{"bare exponent", `{"ratio":1e}`, "ratio is not valid JSON"},
		{"bare minus", `{"id":-}`, "id is not valid JSON"},
		{"line feed in string", "{\"text\":\"a\nb\"}", "text contains a control character"},
		{"bad escape", `{"text":"\x41"}`, "text is not valid JSON"},
		{"bad unicode escape", `{"text":"\u00g0"}`, "text is not valid JSON"},
		{"underscore in escape", `{"text":"\u0_41"}`, "text is not valid JSON"},

		{"raw NUL", "{\"text\":\"a\x00\"}", "text contains a NUL character"},
		{"escaped NUL", `{"text":"a\u0000"}`, "text contains a NUL character"},
		{"NUL in key", `{"te\u0000xt":"a"}`, "the JSON contains a NUL character"},
		{"NUL in raw data", `{"data":{"x":["\u0000"]}}`, "data.x[0] contains a NUL character"},
		{"broken UTF-8", "{\"text\":\"\xff\"}", "the JSON is not valid UTF-8"},
		{"high surrogate alone", `{"text":"\ud83d"}`, "text contains half a surrogate pair"},
		{"high surrogate before text", `{"text":"\ud83dx"}`, "text contains half a surrogate pair"},
		{"high surrogate twice", `{"text":"\ud83d\ud83d"}`, "text contains half a surrogate pair"},
		{"low surrogate alone", `{"text":"\ude00"}`, "text contains half a surrogate pair"},

		{"deep", deep(20), "any" + strings.Repeat("[0]", 19) + " is nested too deeply"},
		{"very deep", deep(9000), "any" + strings.Repeat("[0]", 19) + " is nested too deeply"},

		{"key twice", `{"id":1,"id":2}`, "id is a duplicate key"},
		{"key twice by escape", `{"id":1,"\u0069d":2}`, "id is a duplicate key"},
		{"key twice inside", `{"author":{"name":"a","name":"b"}}`, "author.name is a duplicate key"},
		{"key twice in a map", `{"any":{"a":{"x":1},"a":1}}`, "any.a is a duplicate key"},
		{"key twice among many", `{"any":{` + many.String() + `"k3":1}}`, "any.k3 is a duplicate key"},
		{"key twice, both late", `{"any":{` + many.String() + `"l":1,"l":1}}`, "any.l is a duplicate key"},
		{"key twice in raw data", `{"data":[{"a":1,"a":1}]}`, "data[0].a is a duplicate key"},

		{"unknown key", `{"admin":true}`, "admin is an unknown key"},
		{"unknown key inside", `{"authors":[{},{"admin":true}]}`, "authors[1].admin is an unknown key"},
		{"unknown key in a map of structs", `{"byName":{"x":{"admin":1}}}`, "byName.x.admin is an unknown key"},
		{"unknown key in a recursion", `{"next":{"next":{"x":1}}}`, "next.next.x is an unknown key"},
		{"key in other case", `{"ID":1}`, "ID is an unknown key"},
		{"hidden key", `{"Hidden":"a"}`, "Hidden is an unknown key"},
		{"dash", `{"-":"a"}`, "- is an unknown key"},
		{"unexported field", `{"private":"a"}`, "private is an unknown key"},
		{"long key", `{"` + strings.Repeat("é", 100) + `":1}`, strings.Repeat("é", 20) + "… is an unknown key"},

		{"wrong type", `{"text":1}`, "text must be a string"},
		{"wrong type inside", `{"author":{"name":[]}}`, "author.name must be a string"},
		{"string for number", `{"id":"1"}`, "id must be a whole number"},
		{"array for object", `[]`, "the JSON must be an object"},
		{"object for array", `{"ids":{}}`, "ids must be an array"},
		{"number for object", `{"author":1}`, "author must be an object"},
		{"number for bool", `{"on":1}`, "on must be true or false"},
		{"fraction", `{"id":1.5}`, "id must be a whole number within its range"},
		{"2^63", `{"id":9223372036854775808}`, "id must be a whole number within its range"},
		{"small", `{"small":128}`, "small must be a whole number within its range"},
		{"1e400", `{"any":1e400}`, "any must be a number within its range"},
		{"own decoder", `{"at":"yesterday"}`, "the JSON contains an invalid value"},
		{"wrong type in an array", `{"ids":[1,"2"]}`, "ids[1] must be a whole number"},
		{"text for json.Number", `{"number":"x"}`, "the JSON contains an invalid value"},
		{"bool for json.Number", `{"number":true}`, "number must be a string"},
		{"digits as a key", `{"any":{"1":[{"0":{"a":1,"a":2}}]}}`, "any.1[0].0.a is a duplicate key"},
		{"slash in a key", `{"any":{"a/~b":{"c":1,"c":2}}}`, "any.a/~b.c is a duplicate key"},
		{"first of two errors", `{"text":1,"admin":true}`, "text must be a string"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var v command
			err := Decode([]byte(c.in), &v)
			if _, ok := errors.AsType[*Error](err); !ok || err.Error() != c.want {
				t.Errorf("err = %v, want %s", err, c.want)
			}
		})
	}
}

func TestDecodeNumber(t *testing.T) {
	for in, want := range map[string]json.Number{
		`{"number":1.50e3}`: "1.50e3", `{"number":"12"}`: "12", `{"number":null}`: "", `{}`: "", `{"number":123456789012345678901}`: "123456789012345678901",
	} {
		var got command
		if err := Decode([]byte(in), &got); err != nil || got.Number != want {
			t.Errorf("%s: number = %q, %v, want %q", in, got.Number, err, want)
		}
	}
}

func TestDecodeNull(t *testing.T) {
	var got command
	in := `{"id":null,"text":null,"on":null,"ratio":null,"ids":null,"author":null,"authors":null,"byName":null,"any":null,"at":null,"next":null}`
	if err := Decode([]byte(in), &got); err != nil || !reflect.DeepEqual(got, command{}) {
		t.Errorf("decoded %+v, %v, want zero values", got, err)
	}
}

func TestDecodeAcceptsMaxDepth(t *testing.T) {
	var v any
	in := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	if err := Decode([]byte(in), &v); err != nil {
		t.Errorf("depth %d: err = %v, want nil", MaxDepth, err)
	}
}

func TestDecodeRequiresAPointer(t *testing.T) {
	for _, v := range []any{nil, command{}, (*command)(nil)} {
		if err := Decode([]byte("{}"), v); err == nil {
			t.Errorf("into %T: err = nil, want an error", v)
		}
	}
}

// The cost of an object must not be quadratic in the number of its keys.
func TestDecodeManyKeys(t *testing.T) {
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, `,"k%d":0`, i)
	}
	var v any
	start := time.Now()
	if err := Decode([]byte("{"+b.String()[1:]+"}"), &v); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"text":"a\ud83d\ude00","data":{"a":[1,2,{"b":null}]}}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `[1e400,-0.5E+3]`,
		`"\u0000"`, `{"ID":1}`, `{"next":{"next":{"authors":[null]}}}`, strings.Repeat("[", 30), "\xff", `{"":""}`, "{}\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var loose, strict any
		looseErr := json.Unmarshal(data, &loose)
		err := Decode(data, &strict)
		if err == nil && (looseErr != nil || !reflect.DeepEqual(strict, loose)) {
			t.Errorf("%q decodes to %v, want %v (%v)", data, strict, loose, looseErr)
		}
		if err == nil && strings.Contains(fmt.Sprint(strict), "\x00") {
			t.Errorf("%q decodes to %q, with NUL", data, strict)
		}
		if e, ok := errors.AsType[*Error](err); err != nil && (!ok || looseErr == nil && e.Reason == reasonSyntax) {
			t.Errorf("%q: %v, but it is valid", data, err)
		}

		var v command
		if Decode(data, &v) == nil {
			d := json.NewDecoder(strings.NewReader(string(data)))
			d.DisallowUnknownFields()
			var again command
			if err := d.Decode(&again); err != nil || !reflect.DeepEqual(v, again) {
				t.Errorf("%q decodes to %+v, want %+v (%v)", data, v, again, err)
			}
		}
	})
}

// A command is decoded in two steps: the frame, then its data.
func BenchmarkDecode(b *testing.B) {
	line := []byte(`{"id":17,"type":"message:send","data":{"roomId":7,"cid":"0190b5f2-3c77-7e6a-9d0c-0a4f1e2b3c4d","text":"I will be there at eight, don't wait for me!","replyTo":12345}}`)
	type frame struct {
		ID   json.Number     `json:"id"`
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	type send struct {
		RoomID  int64  `json:"roomId"`
		CID     string `json:"cid"`
		Text    string `json:"text"`
		ReplyTo int64  `json:"replyTo"`
	}
	for name, decode := range map[string]func([]byte, any) error{"strictjson": Decode, "encoding/json": json.Unmarshal} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var f frame
				if err := decode(line, &f); err != nil {
					b.Fatal(err)
				}
				var s send
				if err := decode(f.Data, &s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
