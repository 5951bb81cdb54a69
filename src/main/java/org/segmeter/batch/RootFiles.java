package org.segmeter.batch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;

/** The directories below which a manifest may name files of this machine. Whatever is named, what is read lies below one of them. */
final class RootFiles {

    private static final int MOST_FILES = 4096;

    private final Map<String, Path> roots;

    RootFiles(Map<String, Path> roots) {
        this.roots = Map.copyOf(roots);
    }

    /** A file that cannot be used, and why. */
    static final class Refused extends Exception {
        private final transient Problem problem;

        Refused(Problem problem) {
            super(problem.detail(), null, false, false);
            this.problem = problem;
        }

        Problem problem() {
            return problem;
        }
    }

    /** True if there is a root of the name before the first colon. */
    boolean isRoot(String source) {
        int at = source.indexOf(':');
        return at > 0 && Tenant.isOfTheInstallation() && roots.containsKey(source.substring(0, at));
    }

    /**
     * The file that is named, or all files below the directory that is, by their names. Links are followed as long as they end below
     * the root.
     *
     * @param source {@code root:relative/path}
     */
    List<Path> files(String source) throws Refused {
        int at = source.indexOf(':');
        Path root = at > 0 && Tenant.isOfTheInstallation() ? roots.get(source.substring(0, at)) : null;
        if (root == null) {
            throw new Refused(Problem.of(ServiceProblem.UNSUPPORTED_SOURCE, "No root of this name is configured."));
        }
        try {
            Path base = root.toRealPath();
            Path named = base.resolve(source.substring(at + 1)).normalize();
            if (!named.startsWith(base)) {
                throw outside();
            }
            Path real = real(named, base);
            if (Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
                return List.of(real);
            }
            List<Path> found = new ArrayList<>();
            try (Stream<Path> below = Files.walk(real)) {
                for (Path file : (Iterable<Path>) below.filter(Files::isRegularFile)
                        .limit(MOST_FILES + 1L) // before they are sorted: a root may have millions
                        .sorted(Comparator.naturalOrder())::iterator) {
                    found.add(real(file, base));
                }
            }
            if (found.isEmpty() || found.size() > MOST_FILES) {
                throw missing("The directory has no file, or more than %d.".formatted(MOST_FILES));
            }
            return found;
        } catch (InvalidPathException e) {
            throw outside();
        } catch (IOException | java.io.UncheckedIOException e) {
            throw missing("The file is not there or cannot be read.");
        }
    }

    private static Path real(Path path, Path base) throws IOException, Refused {
        Path real = path.toRealPath();
        if (!real.startsWith(base)) {
            throw outside();
        }
        return real;
    }

    private static Refused outside() {
        return new Refused(Problem.of(ServiceProblem.UNSUPPORTED_SOURCE, "The path leads out of its root."));
    }

    private static Refused missing(String detail) {
        return new Refused(Problem.of(ServiceProblem.MISSING_FILE, detail));
    }
}
