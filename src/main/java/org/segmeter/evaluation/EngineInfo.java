package org.segmeter.evaluation;

import java.util.Map;
import org.segmeter.scoring.EngineVersion;
import org.segmeter.scoring.Scorecard;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.stereotype.Component;

/** {@code engine} in {@code /actuator/info}: what scores here, as every scorecard names it too. */
@Component
final class EngineInfo implements InfoContributor {

    @Override
    public void contribute(Info.Builder builder) {
        Scorecard.Engine engine = EngineVersion.current();
        builder.withDetail(
                "engine", Map.of("version", engine.version(), "commit", engine.commit(), "vector", engine.vector()));
    }
}
