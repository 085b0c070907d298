#include "llama/engine_guard.h"
#include <mullama/device.h>

#include <ggml-backend.h>

namespace mullama {
namespace {

DeviceKind to_kind(enum ggml_backend_dev_type type) {
    switch (type) {
        case GGML_BACKEND_DEVICE_TYPE_CPU:
            return DeviceKind::kCpu;
        case GGML_BACKEND_DEVICE_TYPE_GPU:
            return DeviceKind::kGpu;
        case GGML_BACKEND_DEVICE_TYPE_IGPU:
            return DeviceKind::kIntegratedGpu;
        case GGML_BACKEND_DEVICE_TYPE_ACCEL:
            return DeviceKind::kAccelerator;
        case GGML_BACKEND_DEVICE_TYPE_META:
            return DeviceKind::kMeta;
    }
    return DeviceKind::kCpu;
}

}  // namespace

std::vector<Device> devices() {
    start_engine();
    std::vector<Device> all;
    for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        ggml_backend_dev_t handle = ggml_backend_dev_get(i);
        std::size_t free_bytes = 0;
        std::size_t total_bytes = 0;
        ggml_backend_dev_memory(handle, &free_bytes, &total_bytes);
        all.push_back(Device{
            .name = ggml_backend_dev_name(handle),
            .description = ggml_backend_dev_description(handle),
            .kind = to_kind(ggml_backend_dev_type(handle)),
            .memory_free_bytes = static_cast<std::int64_t>(free_bytes),
            .memory_total_bytes = static_cast<std::int64_t>(total_bytes),
        });
    }
    return all;
}

}  // namespace mullama
