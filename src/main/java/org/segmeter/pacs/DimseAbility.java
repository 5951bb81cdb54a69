package org.segmeter.pacs;

import java.util.Map;
import org.segmeter.database.StartRefused;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/** Says whether this build speaks DIMSE, and refuses to start if it was asked to and cannot. */
@Component
final class DimseAbility implements InfoContributor {

    private static final String MISSING =
            "this build has no DIMSE (C-STORE, C-ECHO); one made with mvn -Pdcm4che package has it (docs/pacs.md)";

    private final boolean available;

    DimseAbility(ObjectProvider<DimseSender> sender, PacsSettings settings, Environment environment) {
        available = sender.stream().findAny().isPresent();
        if (!available && (!settings.nodes().isEmpty() || environment.containsProperty("segmeter.dimse.port"))) {
            throw new StartRefused((settings.nodes().isEmpty() ? "segmeter.dimse.port" : "segmeter.pacs.nodes")
                    + " is set, and " + MISSING);
        }
    }

    @Override
    public void contribute(Info.Builder builder) {
        builder.withDetail(
                "dimse", available ? Map.of("available", true) : Map.of("available", false, "reason", MISSING));
    }
}
