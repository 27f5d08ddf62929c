//! The adapter: which one is chosen, and what it is.

use std::fmt;

use wgpu::{Backend, Backends, DeviceType, Instance, InstanceDescriptor, InstanceFlags};

use super::GpuError;

/// What this system computes with.
pub const BACKEND: &str = if cfg!(target_os = "macos") { "Metal" } else { "Vulkan" };

const BACKENDS: Backends =
    if cfg!(target_os = "macos") { Backends::METAL } else { Backends::VULKAN };

const HINT: &str = if cfg!(target_os = "macos") {
    ""
} else {
    "; Debian's package mesa-vulkan-drivers has a software one"
};

/// Who computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// The adapter's name, as its driver has it.
    pub name: String,
    /// `Metal` or `Vulkan`.
    pub backend: String,
    /// The driver and its version, as it has them; empty where it has none.
    pub driver: String,
    /// Whether a processor does the work, such as Mesa's llvmpipe.
    pub software: bool,
}

impl Adapter {
    /// What has not run where this adapter has computed, each with the reason (SPEC E2E-4).
    pub fn not_run(&self) -> Vec<(&'static str, &'static str)> {
        let gpu = ("a GPU", "the adapter is software, on the processor");
        let metal = (
            "Metal",
            "this is no Mac; what naga translates the kernels to is compared by the test `gpu`, and is a text",
        );
        let not_run = [(self.software, gpu), (self.backend != "Metal", metal)];
        not_run.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)).collect()
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let software = if self.software { ", software" } else { "" };
        write!(formatter, "{}{software}: {}", self.backend, self.name)
    }
}

/// The best adapter of this system's backend.
///
/// # Errors
///
/// [`GpuError::NoAdapter`].
pub(super) fn best() -> Result<wgpu::Adapter, GpuError> {
    let instance = Instance::new(InstanceDescriptor {
        backends: BACKENDS,
        flags: InstanceFlags::empty(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    let adapters = pollster::block_on(instance.enumerate_adapters(BACKENDS));
    adapters
        .into_iter()
        .min_by_key(|adapter| distance(adapter.get_info().device_type))
        .ok_or(GpuError::NoAdapter { backend: BACKEND, hint: HINT })
}

/// How far an adapter is from what is wanted.
fn distance(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

/// What a report says of an adapter.
pub(super) fn described(info: &wgpu::AdapterInfo) -> Adapter {
    let backend = match info.backend {
        Backend::Metal => "Metal",
        Backend::Vulkan => "Vulkan",
        other => other.to_str(),
    };
    Adapter {
        name: info.name.clone(),
        backend: backend.to_owned(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        software: info.device_type == DeviceType::Cpu,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SPEC E2E-4.
    #[test]
    fn software_is_no_gpu_and_vulkan_is_no_metal() {
        let names = |backend: &str, software| {
            let adapter = Adapter {
                name: "some".into(),
                backend: backend.into(),
                driver: String::new(),
                software,
            };
            adapter.not_run().into_iter().map(|(what, _)| what).collect::<Vec<_>>()
        };
        assert!(names("Metal", false).is_empty());
        assert_eq!(names("Vulkan", false), ["Metal"]);
        assert_eq!(names("Vulkan", true), ["a GPU", "Metal"]);
    }
}
