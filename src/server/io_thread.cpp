#include "server/io_thread.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace mullama::server {

IoThread::IoThread() : work_(boost::asio::make_work_guard(context_)) {}

IoThread::~IoThread() = default;

void IoThread::post(std::function<void()> job) {
    boost::asio::post(context_, std::move(job));
}

void IoThread::run() {
    while (true) {
        try {
            context_.run();
            return;
        } catch (...) {
        }
    }
}

}  // namespace mullama::server
