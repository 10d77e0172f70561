//! `megachat doctor`: what it finds, and what it says about it.

use serde_json::Value;

use crate::support::program::{Home, err, megachat, out};
use crate::support::tiny;

fn findings(home: &Home, variables: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let mut command = megachat(home.path(), &["doctor", "--json"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let found = serde_json::from_str(&out(&output)).unwrap_or_else(|e| panic!("{e}: {}", out(&output)));
    (output.status.code(), found, err(&output))
}

fn of<'a>(found: &'a Value, topic: &str, name: &str) -> &'a Value {
    let list = found["findings"].as_array().unwrap();
    let it = list.iter().find(|it| it["topic"] == topic && it["name"] == name);
    it.unwrap_or_else(|| panic!("no {topic} {name} in {found:#}"))
}

#[test]
fn a_fresh_home_is_sound_and_everything_is_told() {
    let home = Home::new();
    let (code, found, said) = findings(&home, &[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]);
    assert_eq!((code, &found["ok"]), (Some(0), &Value::Bool(true)), "{said}");
    let models = of(&found, "directory", "models");
    assert_eq!(models["data"]["path"], home.models().to_str().unwrap());
    assert!(models["data"]["free_bytes"].as_u64().unwrap() > 0);
    assert_eq!(of(&found, "device", "cpu")["data"]["usable"], true);
    assert!(of(&found, "device", "cuda")["data"]["usable"].is_boolean());
    let terminal = of(&found, "terminal", "not interactive");
    assert_eq!((&terminal["data"]["utf8"], &terminal["data"]["stdout"]), (&Value::Bool(true), &Value::Bool(false)));
    // Looking changes nothing.
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_model_is_listed_with_its_files_and_what_is_wrong_is_said() {
    let (home, copies) = (Home::new(), tempfile::tempdir().unwrap());
    tiny::hugging_face(copies.path(), 1);
    let import = ["model", "import", copies.path().to_str().unwrap(), "--name", "mine"];
    assert!(megachat(home.path(), &import).output().unwrap().status.success());
    let (code, found, _) = findings(&home, &[]);
    assert_eq!(code, Some(0));
    let files = of(&found, "model", "mine")["data"]["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|it| it["name"].as_str().unwrap()).collect();
    let small = ["tokenizer.json", "tokenizer_config.json", "vocab.json"];
    let expected = ["config.json", "generation_config.json", "merges.txt", "model.safetensors"];
    assert_eq!(names, [&expected[..], &small].concat());
    for file in files {
        let bytes = std::fs::read(home.models().join("mine").join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"], bytes.len());
        assert_eq!(file["sha256"], crate::support::fetching::sha256(&bytes));
    }

    std::fs::remove_file(home.models().join("mine/merges.txt")).unwrap();
    std::fs::create_dir_all(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/config.toml"), "model = [").unwrap();
    let (code, found, said) = findings(&home, &[("MEGACHAT_CA_FILE", "/no/such.pem")]);
    assert_eq!(code, Some(1));
    assert_eq!(of(&found, "model", "mine")["ok"], false);
    assert_eq!(of(&found, "configuration", "config.toml")["ok"], false);
    assert_eq!(of(&found, "network", "settings")["ok"], false);
    for word in ["model mine", "configuration", "network"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_password_of_a_proxy_is_not_shown() {
    let home = Home::new();
    let variables = [("https_proxy", "http://me:secret@proxy.invalid:3128"), ("MEGACHAT_OFFLINE", "true")];
    let (code, found, _) = findings(&home, &variables);
    let text = found.to_string();
    assert!(code == Some(0) && text.contains("proxy.invalid:3128") && !text.contains("secret"), "{text}");
    assert_eq!(of(&found, "network", "settings")["data"]["offline"], true);
    for odd in ["me:secret@proxy.invalid:3128", "http://me:a/secret@proxy.invalid:3128/"] {
        let text = findings(&home, &[("http_proxy", odd)]).1.to_string();
        assert!(text.contains("http://proxy.invalid:3128\"") && !text.contains("secret"), "{text}");
    }
    let plain = megachat(home.path(), &["doctor"]).envs(variables).output().unwrap();
    assert!(out(&plain).contains("offline") && !out(&plain).contains("secret"), "{}", out(&plain));
}
