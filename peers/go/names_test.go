// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gdproto_test

import (
	"testing"

	"gdproto/gd"
)

func TestEveryNumberHasItsName(t *testing.T) {
	for _, one := range []struct {
		name         string
		is, declared int64
	}{
		{"StashOpPut", int64(gd.StashOpPut), 1},
		{"StashOpGet", int64(gd.StashOpGet), 2},
		{"StashOpDelete", int64(gd.StashOpDelete), 3},
		{"StashOpKeys", int64(gd.StashOpKeys), 4},
		{"StashOpClear", int64(gd.StashOpClear), 5},
		{"StashOpInfo", int64(gd.StashOpInfo), 6},
		{"StashOpEnsure", int64(gd.StashOpEnsure), 7},
		{"StashOpDeleteTable", int64(gd.StashOpDeleteTable), 8},
		{"StashOpTables", int64(gd.StashOpTables), 9},
		{"StashOpExists", int64(gd.StashOpExists), 10},
		{"StashOpPutIfAbsent", int64(gd.StashOpPutIfAbsent), 11},
		{"StashOpPop", int64(gd.StashOpPop), 12},
		{"StashOpIncr", int64(gd.StashOpIncr), 13},
		{"StashOpTouch", int64(gd.StashOpTouch), 14},
		{"StashOpTtl", int64(gd.StashOpTtl), 15},
		{"StashOpEntry", int64(gd.StashOpEntry), 16},
		{"StashOpSwap", int64(gd.StashOpSwap), 17},
		{"StashOpGetMany", int64(gd.StashOpGetMany), 18},
		{"StashOpPutMany", int64(gd.StashOpPutMany), 19},
		{"StashOpPage", int64(gd.StashOpPage), 20},
		{"StashOpPushLeft", int64(gd.StashOpPushLeft), 21},
		{"StashOpPushRight", int64(gd.StashOpPushRight), 22},
		{"StashOpPopLeft", int64(gd.StashOpPopLeft), 23},
		{"StashOpPopRight", int64(gd.StashOpPopRight), 24},
		{"StashOpLength", int64(gd.StashOpLength), 25},
		{"StashOpChanges", int64(gd.StashOpChanges), 26},
		{"ManageOpAdd", int64(gd.ManageOpAdd), 1},
		{"ManageOpRemove", int64(gd.ManageOpRemove), 2},
		{"ManageOpReload", int64(gd.ManageOpReload), 3},
		{"ManageOpSet", int64(gd.ManageOpSet), 4},
		{"ManageOpCalls", int64(gd.ManageOpCalls), 5},
		{"ManageOpStacks", int64(gd.ManageOpStacks), 6},
		{"ManageOpKill", int64(gd.ManageOpKill), 7},
		{"ManageOpRecycle", int64(gd.ManageOpRecycle), 8},
		{"TypeRequest", int64(gd.TypeRequest), 1},
		{"TypeResponse", int64(gd.TypeResponse), 2},
		{"TypeError", int64(gd.TypeError), 3},
		{"TypeChunk", int64(gd.TypeChunk), 4},
		{"TypeEnd", int64(gd.TypeEnd), 5},
		{"TypeStash", int64(gd.TypeStash), 16},
		{"TypeStatus", int64(gd.TypeStatus), 17},
		{"TypeManage", int64(gd.TypeManage), 18},
		{"TypeCancel", int64(gd.TypeCancel), 128},
		{"TypePause", int64(gd.TypePause), 129},
		{"TypeResume", int64(gd.TypeResume), 130},
		{"MaxPayloadBytes", int64(gd.MaxPayloadBytes), 67108864},
		{"MaxBlobBytes", int64(gd.MaxBlobBytes), 67108864},
		{"MaxItems", int64(gd.MaxItems), 1048576},
		{"MaxDepth", int64(gd.MaxDepth), 512},
	} {
		if one.is != one.declared {
			t.Errorf("%s is %d, not %d", one.name, one.is, one.declared)
		}
	}
}
