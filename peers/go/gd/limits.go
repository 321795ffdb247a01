// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gd

// Limits, which hold in both directions: what is at one is accepted, what is beyond it is
// refused.
const (
	// MaxPayloadBytes bounds the payload of one frame, in bytes: payload_too_large.
	MaxPayloadBytes = 67108864

	// MaxBlobBytes bounds the one bytes or string value, in encoded bytes: length_too_large.
	MaxBlobBytes = 67108864

	// MaxItems bounds the items of one list, or pairs of one dict: too_many_items.
	MaxItems = 1048576

	// MaxDepth bounds the lists and dicts open at once, the outermost included: nesting_too_deep.
	MaxDepth = 512

	// maxValueBytes bounds a value that is written alone: the largest blob with its head.
	maxValueBytes = 67108869
)
