use super::*;

#[test]
fn megachat_home_overrides_every_directory() {
    let paths = Paths::resolve(&|name| (name == "MEGACHAT_HOME").then(|| "/somewhere".into())).unwrap();
    for path in [&paths.config_file, &paths.models, &paths.transcripts, &paths.downloads, &paths.state] {
        assert!(path.starts_with("/somewhere"), "{path:?}");
    }
}

#[test]
fn xdg_variables_count_if_they_are_absolute() {
    let with = |value: &'static str| {
        Paths::resolve(&move |name| (name == "XDG_DATA_HOME").then(|| value.into())).unwrap().models
    };
    assert_eq!(with("/x"), Path::new("/x/megachat/models"));
    assert!(with("x").is_absolute());
}
