package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Optional is a query parameter that may be missing: its zero value differs from a missing one. huma
// has no pointers to parameters.
type Optional[T any] struct {
	value T
	isSet bool
}

// Schema implements huma.SchemaProvider.
func (o Optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver implements huma.ParamWrapper.
func (o *Optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&o.value).Elem() }

// OnParamSet implements huma.ParamReactor.
func (o *Optional[T]) OnParamSet(isSet bool, _ any) { o.isSet = isSet }

// pointer returns the value, or nil if the parameter is missing.
func (o *Optional[T]) pointer() *T {
	if !o.isSet {
		return nil
	}
	return &o.value
}
