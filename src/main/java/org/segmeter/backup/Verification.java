package org.segmeter.backup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.ResultChain;

/**
 * What an installation holds, compared with its digests and with the chain of its results.
 *
 * @param objects files that should be there
 * @param scorecards results
 * @param findings one line for each file or scorecard that is missing or not what its SHA-256 says, and for each link of the chain that
 *     does not follow from the one before or does not fit its result
 */
public record Verification(long objects, long scorecards, List<String> findings) {

    /** Reads everything once. The installation may be running. */
    public static Verification of(Installation installation) throws IOException, SQLException {
        List<String> findings = new ArrayList<>();
        long objects = 0;
        long scorecards = 0;
        try (Connection database = installation.connect()) {
            database.setReadOnly(true);
            database.setAutoCommit(false);
            try (Statement statement = database.createStatement()) {
                statement.setFetchSize(1000);
                try (ResultSet rows =
                        statement.executeQuery("select sha256 from blob where condition = 'STORED' order by sha256")) {
                    while (rows.next()) {
                        objects++;
                        String sha256 = rows.getString(1);
                        try {
                            if (!Blob.digest(installation.store().read(sha256)).equals(sha256)) {
                                findings.add("file " + sha256 + " is not what its SHA-256 says");
                            }
                        } catch (BlobStore.Lost e) {
                            findings.add("file " + sha256 + " is missing");
                        }
                    }
                }
                try (ResultSet rows = statement.executeQuery("select evaluation_id, content, sha256 from scorecard")) {
                    while (rows.next()) {
                        scorecards++;
                        byte[] content = rows.getString(2).getBytes(StandardCharsets.UTF_8);
                        if (!Blob.digest(new java.io.ByteArrayInputStream(content))
                                .equals(rows.getString(3))) {
                            findings.add("scorecard of " + rows.getString(1) + " is not what its SHA-256 says");
                        }
                    }
                }
                try (ResultSet rows = statement.executeQuery("select id from evaluation e where state = 'SUCCEEDED'"
                        + " and not exists (select 1 from scorecard s where s.evaluation_id = e.id)")) {
                    while (rows.next()) {
                        findings.add("scorecard of " + rows.getString(1) + " is missing");
                    }
                }
                try (ResultSet rows = statement.executeQuery(
                        "select sha256, condition from blob where condition in ('CORRUPT', 'MISSING')")) {
                    while (rows.next()) {
                        findings.add("file " + rows.getString(1) + " was found "
                                + (rows.getString(2).equals("CORRUPT") ? "corrupt" : "missing") + " before");
                    }
                }
            }
            findings.addAll(ResultChain.findings(database));
            database.rollback();
        }
        return new Verification(objects, scorecards, List.copyOf(findings));
    }
}
