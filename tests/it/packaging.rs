//! What is shipped around the program is well formed and as strict as it says.

use std::{fs, path::Path, process::Command};

use yaml_rust2::YamlLoader;

use crate::support::{daemon::wait_until, workspace::Workspace};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_unit_exposes_no_more_than_one_and_a_half() {
    let unit = root().join("contrib/systemd/newswatch.service");
    let ran = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(unit)
        .output();
    let Ok(ran) = ran else {
        println!("skipped: there is no systemd-analyze");
        return;
    };
    let told = String::from_utf8_lossy(&ran.stdout);
    let line = told.lines().find(|line| line.contains("Overall exposure level"));
    let Some(line) = line else {
        println!("skipped: systemd-analyze cannot look at a file: {ran:?}");
        return;
    };
    let level: f64 = line.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!(level <= 1.5, "{line}");
}

#[test]
fn systemd_understands_all_of_the_unit() {
    let unit = root().join("contrib/systemd/newswatch.service");
    // What it starts is not installed here.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("newswatch.service");
    let program = env!("CARGO_BIN_EXE_newswatch");
    let text = fs::read_to_string(unit).unwrap().replace("/usr/bin/newswatch", program);
    fs::write(&copy, text).unwrap();
    let Ok(ran) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&copy).output()
    else {
        println!("skipped: there is no systemd-analyze");
        return;
    };
    let told = String::from_utf8_lossy(&ran.stderr);
    let faults: Vec<&str> =
        told.lines().filter(|line| line.contains("newswatch.service")).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_demo_lives_under_the_limits_of_the_unit() {
    let script = root().join("tests/confined");
    let ran =
        Command::new(script).args([env!("CARGO_BIN_EXE_newswatch"), "demo", "--once"]).output();
    let Ok(ran) = ran else {
        println!("skipped: there is no Python");
        return;
    };
    let (told, faults) =
        (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{told}{faults}");
    if told.starts_with("skipped") {
        println!("{told}");
    } else {
        assert!(told.contains("The archive is in"), "{told}{faults}");
    }
}

#[test]
fn the_container_has_a_read_only_root_no_rights_and_no_root() {
    let compose = &YamlLoader::load_from_str(&text("contrib/docker-compose.yml")).unwrap()[0];
    let service = &compose["services"]["newswatch"];
    assert_eq!(service["read_only"].as_bool(), Some(true));
    assert_eq!(service["cap_drop"][0].as_str(), Some("ALL"));
    assert_eq!(service["security_opt"][0].as_str(), Some("no-new-privileges:true"));
    let user = service["user"].as_str().unwrap();
    let dockerfile = text("Dockerfile");
    let (uid, gid) = user.split_once(':').unwrap();
    for words in [
        format!("\nUSER {user}\n"),
        format!("groupadd --gid {gid} "),
        format!("useradd --uid {uid} --gid {gid} "),
        format!("--owner {uid} --group {gid} "),
    ] {
        assert!(dockerfile.contains(&words), "{words}");
    }
    // What is written is in the volume.
    let volumes = service["volumes"].as_vec().unwrap();
    let volumes: Vec<&str> = volumes.iter().map(|volume| volume.as_str().unwrap()).collect();
    assert_eq!(volumes, ["../config:/etc/newswatch:ro", "data:/var/lib/newswatch"]);
    assert!(root().join("contrib/../config").is_dir());
    // Its numbers are for its network alone: nothing of it is published.
    let variables = service["environment"].as_hash().unwrap().iter();
    let set: Vec<String> = variables
        .map(|(name, value)| {
            let (prefix, path) = name.as_str().unwrap().split_at("NEWSWATCH__".len());
            assert_eq!(prefix, "NEWSWATCH__");
            let key = path.to_lowercase().replace("__", ".");
            format!("{key}={}", value.as_str().unwrap())
        })
        .collect();
    let mut words = vec!["check"];
    words.extend(set.iter().flat_map(|set| ["--set", set.as_str()]));
    Workspace::new("").run(&words).expect(&[0]);
    assert!(set.iter().any(|set| set == "metrics.listen=0.0.0.0:9464"), "{set:?}");
    assert_eq!(service["expose"][0].as_str(), Some("9464"));
    assert!(service["ports"].is_badvalue());
}

/// The words of an instruction of the Dockerfile.
fn instruction(name: &str) -> Vec<String> {
    let dockerfile = text("Dockerfile").replace("\\\n", " ");
    let line = dockerfile.lines().rfind(|line| line.starts_with(&format!("{name} "))).unwrap();
    serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
}

#[test]
fn the_container_runs_and_is_well_by_what_its_dockerfile_says() {
    let workspace = Workspace::new("[politeness]\ncontact = \"https://example.org/\"\n");
    workspace.write("config/feeds.toml", "");
    let command = |words: Vec<String>| {
        assert_eq!(words[0], "newswatch");
        let words: Vec<&str> = words[1..]
            .iter()
            .map(|word| if word == "/etc/newswatch" { "config" } else { word })
            .collect();
        assert!(words.contains(&"config"), "{words:?}");
        workspace.command(&words)
    };
    let health = || command(instruction("HEALTHCHECK")).output().unwrap().status.code();
    assert_eq!(health(), Some(1), "it does not run yet");
    let mut daemon =
        command([instruction("ENTRYPOINT"), instruction("CMD")].concat()).spawn().unwrap();
    wait_until("it is well", || health() == Some(0));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn the_container_is_built_of_what_is_copied_into_it() {
    let mut copied = Vec::new();
    for line in text("Dockerfile").lines().take_while(|line| !line.starts_with("FROM debian")) {
        let mut words: Vec<&str> = line.split(' ').collect();
        if words.remove(0) == "COPY" {
            words.pop();
            copied.extend(words.into_iter().map(|word| root().join(word)));
        }
    }
    assert!(copied.len() >= 4 && copied.iter().all(|path| path.exists()), "{copied:#?}");
    let ignored = text(".dockerignore");
    for path in &copied {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(ignored.lines().any(|line| line == format!("!{name}")), "{name} is ignored");
    }
    let has = |path: &Path| copied.iter().any(|copied| path.starts_with(copied));
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    for bench in manifest["bench"].as_array().unwrap() {
        let name = bench["name"].as_str().unwrap();
        let file = format!("benches/{name}.rs");
        assert!(has(&root().join(bench.get("path").and_then(|it| it.as_str()).unwrap_or(&file))));
    }
    let mut files = Vec::new();
    crate::tidy::rust_files(&root().join("src"), &mut files);
    for file in files.iter().filter(|file| !file.to_str().unwrap().contains("/tests")) {
        let code = fs::read_to_string(file).unwrap();
        for include in code.split("include_").skip(1).filter(|text| text.contains("!(\"../../")) {
            let name = include.split('"').nth(1).unwrap();
            let path = file.parent().unwrap().join(name).canonicalize().unwrap();
            // Tests have their fixtures; the program is built without.
            assert!(has(&path) || name.contains("/tests/"), "{} is not copied", path.display());
        }
    }
}

#[test]
fn the_debian_package_names_files_that_are_there() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let mut shipped = Vec::new();
    for asset in deb["assets"].as_array().unwrap() {
        let (source, target) = (asset[0].as_str().unwrap(), asset[1].as_str().unwrap());
        if source.starts_with("target/") {
            continue;
        }
        let (folder, name) = source.rsplit_once('/').unwrap_or((".", source));
        let ending = name.strip_prefix('*');
        let before = shipped.len();
        for file in fs::read_dir(root().join(folder)).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            if file == name || ending.is_some_and(|ending| file.ends_with(ending)) {
                shipped.push(format!("/{target}{file}"));
            }
        }
        assert!(shipped.len() > before, "{source} names nothing");
    }
    for file in deb["conf-files"].as_array().unwrap() {
        let file = file.as_str().unwrap().to_owned();
        assert!(shipped.contains(&file), "{file} is not in {shipped:#?}");
    }
    let unit = deb["systemd-units"]["unit-scripts"].as_str().unwrap();
    assert!(root().join(unit).join("newswatch.service").exists());
}

#[test]
fn the_manual_pages_name_their_sections_as_manuals_do() {
    let folder = tempfile::tempdir().unwrap();
    let man = |args: &[&str]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_newswatch")).args(args).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    assert!(man(&["man"]).contains("\n.SH \"EXIT STATUS\"\n"));
    man(&["man", "--folder", folder.path().to_str().unwrap()]);
    let mut pages = 0;
    for page in fs::read_dir(folder.path()).unwrap() {
        let text = fs::read_to_string(page.unwrap().path()).unwrap();
        assert!(!text.contains("EXTRA"), "{text}");
        pages += 1;
    }
    assert!(pages > 20, "{pages}");
    let run = fs::read_to_string(folder.path().join("newswatch-run.1")).unwrap();
    assert!(run.contains("\n.SH \"EXAMPLES\"\nExample: newswatch run"), "{run}");
}

#[test]
fn the_rules_for_packages_are_well_formed() {
    let rules: toml::Table = text("deny.toml").parse().unwrap();
    assert_eq!(rules["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert!(rules["licenses"]["allow"].as_array().unwrap().len() > 5);
}
