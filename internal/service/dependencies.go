package service

import (
	"fmt"
	"reflect"
	"strings"
)

// requireAll returns an error that names every nil field of the struct deps, at any depth.
func requireAll(deps any) error {
	var missing []string
	collectNil(reflect.ValueOf(deps), "", &missing)
	if len(missing) > 0 {
		return fmt.Errorf("missing dependencies: %s", strings.Join(missing, ", "))
	}
	return nil
}

func collectNil(v reflect.Value, prefix string, missing *[]string) {
	for i := range v.NumField() {
		field, name := v.Field(i), prefix+v.Type().Field(i).Name
		switch field.Kind() {
		case reflect.Struct:
			collectNil(field, name+".", missing)
		case reflect.Interface, reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
			if field.IsNil() {
				*missing = append(*missing, name)
			}
		}
	}
}
