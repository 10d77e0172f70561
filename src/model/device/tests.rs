use super::*;

#[test]
fn a_part_of_a_name_is_enough_if_it_is_of_one() {
    let name = "llvmpipe (llvm 15.0.6, 256 bits)";
    for part in ["llvmpipe", "pipe", "256", name] {
        assert!(is_part_of_a_name(part, name), "{part}");
    }
    for part in ["0", "1", "15", "e", "ll", "nvidia", "257"] {
        assert!(!is_part_of_a_name(part, name), "{part}");
    }
    assert!(is_part_of_a_name("m1", "apple m1 pro") && is_part_of_a_name("3060", "nvidia geforce rtx 3060"));
}

#[test]
fn names_lead_back() {
    let named = Device::Gpu(Some("NVIDIA H100: 80 GB".into()));
    for device in [Device::Cpu, Device::Gpu(None), named, Device::Cuda(0), Device::Cuda(3), Device::Metal] {
        assert_eq!(device.to_string().parse(), Ok(device.clone()));
        assert_eq!(DeviceChoice::On(device.clone()).to_string().parse(), Ok(DeviceChoice::On(device)));
    }
    assert_eq!(("auto".parse(), "AUTO".parse()), (Ok(DeviceChoice::Auto), Ok(DeviceChoice::Auto)));
    assert_eq!(("CPU".parse(), "Cuda:1".parse()), (Ok(Device::Cpu), Ok(Device::Cuda(1))));
    assert_eq!("GPU: big card ".parse(), Ok(Device::Gpu(Some("big card".into()))));
    assert!(format!("gpu:{}", "0".repeat(101)).parse::<Device>().is_err());
    for word in ["", "cuda:", "cuda:x", "cpu:0", "gpu:", "gpu: ", "gpu:a\nb", "nowhere", "auto "] {
        assert_eq!(word.parse::<Device>(), Err(UnknownDevice(word.to_owned())));
    }
}
