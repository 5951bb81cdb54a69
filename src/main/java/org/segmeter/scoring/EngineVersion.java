package org.segmeter.scoring;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Version and commit of this build, from the resources that the build writes, and how it counts. */
public final class EngineVersion {

    private static final Scorecard.Engine CURRENT = new Scorecard.Engine(
            property("/META-INF/build-info.properties", "build.version"),
            property("/git.properties", "git.commit.id.abbrev"),
            "scalar");

    private EngineVersion() {}

    public static Scorecard.Engine current() {
        return CURRENT;
    }

    private static String property(String resource, String name) {
        try (InputStream in = EngineVersion.class.getResourceAsStream(resource)) {
            if (in == null) {
                return "unknown";
            }
            Properties properties = new Properties();
            properties.load(in);
            String value = properties.getProperty(name, "");
            return value.isBlank() ? "unknown" : value;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
