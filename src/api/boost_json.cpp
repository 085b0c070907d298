// The parts of Boost.JSON that need to be compiled once.
#include <boost/json/src.hpp>
