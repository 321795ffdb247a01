#!/bin/sh
# Puts google-java-format where `python -m spec.codegen --check` looks for it.
set -e
cd "$(dirname "$0")"
artifact=com.google.googlejavaformat:google-java-format:1.28.0:jar:all-deps
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
mvn -q -B -ntp $plugin:copy -Dartifact=$artifact -DoutputDirectory=target -Dmdep.stripVersion=true
cat > target/google-java-format <<'END'
#!/bin/sh
set -- -jar "$(dirname "$0")/google-java-format-all-deps.jar" "$@"
for part in api code file parser tree util; do
  set -- --add-exports "jdk.compiler/com.sun.tools.javac.$part=ALL-UNNAMED" "$@"
done
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto "$@"
END
chmod +x target/google-java-format
