//! What needs no adapter: naga takes each kernel, and translates it to what it translated it to before.

use std::path::Path;
use std::{env, fs};

use q4proof::gpu::GpuError;
use q4proof::gpu::kernels::{Kernel, Sources};

#[test]
fn naga_takes_every_kernel() {
    for kernel in Kernel::ALL {
        let name = kernel.name();
        let (module, _) = Sources::default().validated(kernel).expect(name);
        let entries: Vec<_> = module.entry_points.iter().map(|entry| &entry.name).collect();
        assert_eq!(entries, [name]);
    }
}

#[test]
fn naga_does_not_take_what_is_no_kernel() {
    for (kernel, right, wrong) in [
        // The grammar, the types, and two buffers in one place.
        (Kernel::Decode, "@workgroup_size(64)", "@workgroup_size(64"),
        (Kernel::Decode, "* 64u", "* 64.5"),
        (Kernel::Matvec, "@binding(2)", "@binding(0)"),
    ] {
        let sources = Sources::default().planted(right, wrong).expect("the kernel has it");
        let error = sources.validated(kernel).expect_err(wrong);
        let GpuError::Kernel { kernel: named, .. } = error else { panic!("{error}") };
        assert_eq!(named, kernel.name());
    }
}

/// What naga translates to Metal Shading Language; not run on Metal.
#[test]
fn what_naga_translates_to_metal_shading_language_is_as_committed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gpu/snapshots");
    for kernel in Kernel::ALL {
        let name = kernel.name();
        let text = Sources::default().metal_shading_language(kernel).expect(name);
        let path = folder.join(format!("{name}.metal"));
        if env::var_os("Q4PROOF_WRITE_SNAPSHOTS").is_some() {
            fs::write(&path, &text).expect("a snapshot");
        }
        let committed = fs::read_to_string(&path).expect("a committed snapshot");
        assert!(
            text == committed,
            "naga's text of {name} differs from {}; with Q4PROOF_WRITE_SNAPSHOTS=1 it is written anew",
            path.display()
        );
    }
}
