use super::*;

#[test]
fn a_proxy_that_says_no_is_told_from_one_that_cannot() {
    for (status, nature, says) in [
        (407, Nature::Permanent, "NAME:PASSWORD"),
        (403, Nature::Permanent, "refused the connection (403)"),
        (502, Nature::Unreachable, "could not reach the server (502)"),
    ] {
        let fault = explain_proxy(&format!("proxy server responded {status}/{status}"));
        assert!(fault.nature == nature && fault.why.contains(says), "{fault:?}");
    }
    assert_eq!(explain_proxy("proxy server did not respond").nature, Nature::Unreachable);
}
