module gdproto

go 1.24
