// The header is C++17 too, without warnings, in more than one unit of a program.
#include "gd.h"
#include "gd_json.h"

int main() {
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_value value = gd_text("from C++");
    gd_fault fault;
    bool is_well = gd_encode(&value, &bytes, &fault) == GD_CODE_OK && bytes.size == 13;
    gd_buffer_free(&bytes);
    return is_well ? 0 : 1;
}
