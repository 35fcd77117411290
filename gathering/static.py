"""Static files under names that carry a hash of their content, so that a browser may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django's own pattern for modules also takes the imports in comments, which is how JSDoc names types.
_IMPORT = r"""(?m)(?P<matched>^(?P<import>(?:import|export)\b[^'"`;]*)['"](?P<url>\.{1,2}/[^'"]+)['"])"""
# One that is loaded later; "await" tells it from a type in a comment.
_LATER = r"""(?P<matched>await import\(['"](?P<url>\.{1,2}/[^'"]+)['"]\))"""


class Storage(CompressedManifestStaticFilesStorage):
    """Before ``collectstatic`` was run the names are the plain ones, which are served, too."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("*.js", ((_IMPORT, """%(import)s'%(url)s'"""), (_LATER, "await import('%(url)s')"))),
    )
    max_post_process_passes = 12  # the longest chain of imports
    manifest_strict = False

    def stored_name(self, name: str) -> str:
        return str(super().stored_name(name)) if self.hashed_files else name
