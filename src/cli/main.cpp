#include "cli/program.h"

int main(int argc, char** argv) {
    return mullama::cli::run_program(argc, argv);
}
