# embed.cmake: writes a C file that holds the bytes of another file.
#
#   cmake -D INPUT=data.json -D OUTPUT=data.c -D NAME=symbol -D HEADER=declares.h -P embed.cmake
#
# gives `const unsigned char NAME[]` and `const size_t NAME_size`.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\n"
     "const unsigned char ${NAME}[] = {\n${bytes}\n};\n"
     "const size_t ${NAME}_size = sizeof ${NAME};\n")
